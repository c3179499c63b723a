// A command of the user's own that has the terminal as if it had been typed: nothing of it is read, masked or limited.

import { spawn } from 'node:child_process';
import { errnoOf, HoldfastError } from '../lib/errors.ts';
import { stopSignalOf } from '../lib/interruption.ts';

export interface ForegroundCommand {
  readonly argv: readonly [string, ...string[]];
  /** Added to the inherited environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where its standard output goes. */
  readonly stdout: 'stdout' | 'stderr';
}

export interface ForegroundEnd {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly endedBy: NodeJS.Signals | null;
}

/**
 * Waits for its end. It belongs to the process group of this process, so that a terminal's Ctrl-C reaches both; SIGTERM is passed
 * on, and SIGINT where no terminal can have sent it to both. Throws `tool-missing` or `tool-failed` when it cannot be started.
 */
export async function runForeground({ argv, env, stdout }: ForegroundCommand, signal: AbortSignal): Promise<ForegroundEnd> {
  signal.throwIfAborted();
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['inherit', stdout === 'stdout' ? 'inherit' : 2, 'inherit'],
    env: { ...process.env, ...env },
  });
  const { promise, resolve, reject } = Promise.withResolvers<ForegroundEnd>();
  child.once('error', (error) => reject(cannotStart(program, error)));
  child.once('exit', (exitCode, endedBy) => resolve({ exitCode, endedBy }));
  const passOn = (): void => {
    const stop = stopSignalOf(signal.reason) ?? 'SIGTERM';
    if (stop === 'SIGTERM' || !process.stdin.isTTY) child.kill(stop);
  };
  signal.addEventListener('abort', passOn, { once: true });
  using _listener = { [Symbol.dispose]: () => signal.removeEventListener('abort', passOn) };
  return await promise;
}

const cannotStart = (program: string, error: Error): HoldfastError =>
  new HoldfastError({
    code: errnoOf(error) === 'ENOENT' ? 'tool-missing' : 'tool-failed',
    operation: 'run',
    subject: program,
    message: errnoOf(error) === 'ENOENT' ? 'there is no such program' : error.message,
    hint: 'What stands behind `--` is a program and its arguments, not a line for a shell: `-- sh -c "..."` is one.',
    cause: error,
  });
