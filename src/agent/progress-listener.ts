// The socket on which every process that runs a plan tells what it does (engine/live/publisher.ts). Only the agent's own user may
// write to it: nobody else can make believe that a backup succeeded. What comes is for watching only; facts are in the journal.

import { chmodSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { z } from 'zod';
import type { RunEvent } from '../domain/run-event.ts';
import { runEventShape } from '../engine/api/report-shape.ts';
import { LineSplitter } from '../process/lines.ts';
import { clearForSocket } from './unix-socket.ts';

const introduction = z.object({ stateDir: z.string() });

/** Characters; the writer makes none that are longer. */
const LONGEST_LINE = 256 * 1024;

export interface ProgressListener extends AsyncDisposable {}

export interface Heard {
  event(event: RunEvent): void;
  /** A process that told of runs has closed its end, at an end or not. */
  left(runIds: readonly string[]): void;
}

/** Listens at `path`, in the place of what a dead agent left; hears runs of that state directory. Throws where something else lies. */
export async function listenForProgress(path: string, stateDir: string, heard: Heard): Promise<ProgressListener> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    const runs = new Set<string>();
    let known = false;
    const lines = new LineSplitter((line) => {
      if (socket.destroyed) return;
      const value = line.length > LONGEST_LINE ? null : parsed(line);
      if (!known) {
        const hello = introduction.safeParse(value);
        known = hello.success && hello.data.stateDir === stateDir;
        if (!known) socket.destroy(); // of another configuration
        return;
      }
      const event = runEventShape.safeParse(value);
      if (!event.success) return; // of another version: what is not understood is not passed on
      runs.add(event.data.runId);
      heard.event(event.data);
    });
    socket.on('data', (chunk: Buffer) => lines.write(chunk));
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      open.delete(socket);
      heard.left([...runs]);
    });
  });
  clearForSocket(path);
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  const before = process.umask(0o177);
  server.listen(path, () => listening.resolve());
  process.umask(before);
  await listening.promise;
  chmodSync(path, 0o600);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of open) socket.destroy();
      }),
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null; // cut off by a death
  }
}
