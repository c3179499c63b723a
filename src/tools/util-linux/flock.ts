// flock(1): a lock on a file that the kernel gives up by itself when its holder dies, waited for without polling.

import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

export interface FileLock {
  readonly file: string;
  readonly mode: 'shared' | 'exclusive';
  /** What the lock is for, in errors. */
  readonly subject: string;
}

/**
 * Waits until the lock is held and answers with what gives it up. A child process holds it and ends with us, however we
 * end. Throws the signal's reason when that comes before the lock; afterwards the signal means nothing to it.
 */
export async function acquireFileLock(lock: FileLock, signal: AbortSignal): Promise<AsyncDisposable> {
  signal.throwIfAborted();
  const end = new AbortController();
  const giveUp = (): void => end.abort(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  using _waiting = { [Symbol.dispose]: () => signal.removeEventListener('abort', giveUp) };

  const held = Promise.withResolvers<void>();
  const holder = runProcess(
    {
      argv: ['flock', '--no-fork', `--${lock.mode}`, lock.file, 'sh', '-c', 'echo held && exec sleep infinity'],
      operation: 'lock',
      subject: lock.subject,
    },
    { signal: end.signal, grace: duration(2, 's'), onLine: () => held.resolve() },
  );
  const ended = holder.then(
    ({ stderrTail, exitCode }) => held.reject(lockFailure(lock, exitCode, stderrTail)),
    (reason: unknown) => held.reject(reason), // after it was held: only that it was given up
  );
  await held.promise;
  return {
    [Symbol.asyncDispose]: async () => {
      end.abort(new Error('given up'));
      await ended;
    },
  };
}

const lockFailure = (lock: FileLock, exitCode: number | null, stderrTail: readonly string[]): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'lock',
    subject: lock.subject,
    message: `the lock file ${lock.file} could not be locked`,
    hint: 'Look whether the state directory is writable and on a file system that supports flock.',
    tool: { name: 'flock', exitCode, stderrTail },
  });
