// Tells the agent of this host, where there is one, what a run does: lines of JSON into a socket beside the agent's own that only
// its user may write to. It never waits for the agent, never holds more than a little for it, and never fails: no backup
// depends on being watched.

import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { duration } from '../../domain/duration.ts';
import type { RunEvent } from '../../domain/run-event.ts';
import type { Clock } from '../../lib/clock.ts';
import type { RunnerEvent } from '../runner/runner.ts';
import { told } from './tell.ts';

/** The first line. */
export interface Introduction {
  /** An agent listens to runs of its own state directory only. */
  readonly stateDir: string;
}

export interface Publisher extends AsyncDisposable {
  observe(event: RunnerEvent): void;
}

export const progressSocket = (agentSocket: string): string => join(dirname(agentSocket), 'progress.sock');

/** Bytes that wait to be taken: from here on progress is left out. */
const SLOW = 64 * 1024;
/** Bytes: an agent that takes nothing is given up. */
const STUCK = 1024 * 1024;
/** Longer lines lose the step's result. */
const LONG_LINE = 32 * 1024;
/** Of one step. */
const BETWEEN_PROGRESS = duration(250, 'ms');
/** For the last lines to be taken, at the end. */
const LAST_WORDS = duration(250, 'ms');

/** Disposing waits a moment at most for what is not taken yet. */
export function openPublisher(agentSocket: string, introduction: Introduction, clock: Clock): Publisher {
  const socket = createConnection(progressSocket(agentSocket));
  const closed = new Promise<void>((done) => {
    socket.once('close', () => done());
  });
  socket.on('error', () => {}); // nobody listens, or may be told: 'close' follows
  socket.on('data', () => {});
  socket.unref();
  const progressAt = new Map<string, number>();
  const write = (line: string): void => {
    if (socket.writableLength > STUCK) socket.destroy();
    if (!socket.destroyed) socket.write(`${line}\n`);
  };
  write(JSON.stringify(introduction));
  let runId: string | null = null;
  let early: RunnerEvent[] = [];
  const tell = (event: RunnerEvent, id: string): void => write(lineOf(told(event, id, clock.now())));
  return {
    observe(event) {
      if (socket.destroyed) return;
      if (event.type === 'run-started') {
        runId = event.runId;
        tell(event, runId);
        for (const notice of early) tell(notice, runId);
        early = [];
      } else if (runId === null) early.push(event);
      else if (event.type !== 'step-progress') tell(event, runId);
      else if (socket.writableLength < SLOW && isDue(progressAt, event.step.id)) tell(event, runId);
    },
    async [Symbol.asyncDispose]() {
      socket.ref();
      socket.end();
      const patience = setTimeout(() => socket.destroy(), LAST_WORDS);
      await closed;
      clearTimeout(patience);
    },
  };
}

function isDue(lastAt: Map<string, number>, stepId: string): boolean {
  const now = performance.now();
  if (now - (lastAt.get(stepId) ?? -Infinity) < BETWEEN_PROGRESS) return false;
  lastAt.set(stepId, now);
  return true;
}

function lineOf(event: RunEvent): string {
  const line = JSON.stringify(event);
  if (line.length <= LONG_LINE || event.type !== 'step-ended') return line;
  return JSON.stringify({ ...event, step: { ...event.step, result: null } });
}
