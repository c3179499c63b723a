// A program that runs beside other work until it is no longer needed: a database server, the writer of the demo's notes.

import { HoldfastError } from '../lib/errors.ts';
import { type Command, type ProcessOptions, runProcess } from './run-process.ts';

export interface Background extends AsyncDisposable {
  /** Ends it with SIGTERM and waits until it is gone; throws when it had failed before. Calling it again changes nothing. */
  stop(): Promise<void>;
}

export interface BackgroundOptions extends Omit<ProcessOptions, 'timeout'> {
  /** Resolves when the program is ready for use. */
  readonly ready: Promise<void>;
}

const STOP = new Error('no longer needed');

/** Resolves when it is ready; throws `tool-failed` with its last lines when it ends before that. */
export async function startBackground(
  command: Command,
  { ready, signal, ...options }: BackgroundOptions,
): Promise<Background> {
  const stopping = new AbortController();
  const ended = endOf(command, { ...options, signal: AbortSignal.any([signal, stopping.signal]) });
  ended.catch(() => {}); // told by whoever stops it, or below
  await Promise.race([ready, ended]);
  const stop = async (): Promise<void> => {
    stopping.abort(STOP);
    await ended;
  };
  return { stop, [Symbol.asyncDispose]: () => stop().catch(() => {}) }; // clean-up: the first cause is told already
}

/** Resolves when it was stopped on purpose. */
async function endOf(command: Command, options: ProcessOptions): Promise<void> {
  try {
    const { exitCode, stderrTail } = await runProcess(command, options);
    throw new HoldfastError({
      code: 'tool-failed',
      operation: command.operation,
      subject: command.subject,
      message: `it ended too early, with exit code ${exitCode ?? 'unknown'}`,
      tool: { name: command.argv[0], exitCode, stderrTail },
    });
  } catch (error) {
    if (error !== STOP) throw error;
  }
}
