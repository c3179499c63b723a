// Having the agent run something, and hearing of it until it has ended. The stream is opened before the run is asked for, so that
// nothing of it is missed; the record has the last word.

import { parseJson } from '../../lib/json.ts';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Report } from '../../domain/report.ts';
import type { RunEvent } from '../../domain/run-event.ts';
import { firstCause } from '../../lib/abort.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { LineSplitter } from '../../process/lines.ts';
import { reportShape, runEventShape } from '../api/report-shape.ts';
import { eventReader } from './event-stream.ts';
import { askAgent, openAgent } from './request.ts';

export interface WantedRun {
  readonly service: string;
  readonly repository: string | null;
}

const triggered = z.object({ runId: z.string() });

/**
 * The report of the run, once it has ended. When `signal` aborts that is thrown, and the run goes on: it is the agent's.
 */
export async function runThroughAgent(
  socket: string,
  { service, repository }: WantedRun,
  hear: (event: RunEvent) => void,
  signal: AbortSignal,
): Promise<Report> {
  const stream = await openAgent(socket, { path: '/v1/events' }, signal);
  using _closed = { [Symbol.dispose]: () => void stream.destroy() };
  const early: RunEvent[] = [];
  let runId: string | null = null;
  const ended = untilEnded(stream, (event) => {
    if (runId === null) early.push(event);
    else if (event.runId === runId) hear(event);
    return runId !== null && event.runId === runId && event.type === 'run-ended';
  });
  ended.catch(() => {}); // it is awaited below, unless the run is refused
  const body = { service, ...(repository === null ? {} : { repository }) };
  const answer = await askAgent(socket, { method: 'POST', path: '/v1/backup-trigger', body }, triggered, signal);
  ({ runId } = answer);
  let over = false;
  for (const event of early.filter((each) => each.runId === runId)) {
    hear(event);
    over ||= event.type === 'run-ended';
  }
  try {
    if (!over) await ended;
  } catch (error) {
    throw firstCause(error, signal);
  }
  signal.throwIfAborted();
  const report = await askAgent(socket, { path: `/v1/runs/${answer.runId}` }, reportShape, signal);
  if (report.outcome === 'running') throw lost(answer.runId);
  return report;
}

/** Resolves when `isLast` says so of an event, or the stream ends. */
async function untilEnded(stream: IncomingMessage, isLast: (event: RunEvent) => boolean): Promise<void> {
  const read = eventReader();
  let last = false;
  const lines = new LineSplitter((line) => {
    const event = read(line);
    const parsed = event && runEventShape.safeParse(parseJson(event.data));
    if (parsed?.success === true && isLast(parsed.data)) last = true;
  });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    lines.write(chunk);
    if (last) return;
  }
}

const lost = (runId: string): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'hear from',
    subject: 'the agent',
    message: `the connection ended while run ${runId} was going on`,
    hint: `What became of it: holdfast history show ${runId}`,
    retry: 'later',
  });
