// flock(1): a lock on a file that the kernel gives up by itself when its holder dies, waited for without polling.

import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { duration } from '../../domain/duration.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { type ProcessResult, runProcess } from '../../process/run-process.ts';

export interface FileLock {
  readonly file: string;
  readonly mode: 'shared' | 'exclusive';
  /** What the lock is for, in errors. */
  readonly subject: string;
}

export interface HeldLock extends AsyncDisposable {
  /** Aborted when others may get the lock although it was not given up: its holder was ended, or its file taken away. */
  readonly lost: AbortSignal;
}

/** Exit code of the holder when what it locked is no longer the file of that name. */
const REPLACED = 75;
/** And of flock when somebody else holds it, and it was not to wait. */
const IN_USE = 76;

// $0 is the file; flock has left it open for us to hold.
const HOLD = `for open in /proc/$$/fd/*; do [ "$open" -ef "$0" ] && echo held && exec sleep infinity; done; exit ${REPLACED}`;

/**
 * Waits until the lock is held and answers with what gives it up. A child process holds it and ends with us, however we
 * end. Throws the signal's reason when that comes before the lock; afterwards the signal means nothing to it.
 */
export async function acquireFileLock(lock: FileLock, signal: AbortSignal): Promise<HeldLock> {
  for (;;) {
    const held = await hold(lock, [], signal); // oxlint-disable-line no-await-in-loop -- again when the file was replaced meanwhile
    if (typeof held === 'object') return held;
  }
}

/** As `acquireFileLock`, but null at once when somebody else holds it. */
export async function tryFileLock(lock: FileLock, signal: AbortSignal): Promise<HeldLock | null> {
  for (;;) {
    const held = await hold(lock, ['--nonblock', `--conflict-exit-code=${IN_USE}`], signal); // oxlint-disable-line no-await-in-loop -- as above
    if (held !== 'replaced') return held === 'in-use' ? null : held;
  }
}

async function hold(
  lock: FileLock,
  options: readonly string[],
  signal: AbortSignal,
): Promise<HeldLock | 'replaced' | 'in-use'> {
  signal.throwIfAborted();
  const end = new AbortController();
  const giveUp = (): void => end.abort(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  using _waiting = { [Symbol.dispose]: () => signal.removeEventListener('abort', giveUp) };

  const held = Promise.withResolvers<'held' | 'replaced' | 'in-use'>();
  const lost = new AbortController();
  const holder = runProcess(
    {
      argv: ['flock', '--no-fork', ...options, `--${lock.mode}`, lock.file, 'sh', '-c', HOLD, lock.file],
      operation: 'lock',
      subject: lock.subject,
    },
    { signal: end.signal, grace: duration(2, 's'), onLine: () => held.resolve('held') },
  );
  const onEnd = ({ stderrTail, exitCode }: ProcessResult): void => {
    if (exitCode === REPLACED) held.resolve('replaced');
    if (exitCode === IN_USE) held.resolve('in-use');
    held.reject(lockFailure(lock, exitCode, stderrTail)); // unless it was held: then it is lost
    lost.abort(lockLost(lock, 'the process that held it was ended'));
  };
  // A rejection after it was held says only that it was given up.
  const ended = holder.then(onEnd, (reason: unknown) => held.reject(reason));
  const how = await held.promise;
  if (how !== 'held') return how;
  const watching = watchFile(lock.file, () => lost.abort(lockLost(lock, `${lock.file} was taken away`)));
  return {
    lost: lost.signal,
    [Symbol.asyncDispose]: async () => {
      watching[Symbol.dispose]();
      end.abort(new Error('given up'));
      await ended;
    },
  };
}

/** Calls `onGone` once the name no longer leads to the file that it leads to now. Where nothing can be watched, nothing is. */
function watchFile(file: string, onGone: () => void): Disposable {
  const inode = inodeOf(file);
  try {
    const watcher = watch(file, { persistent: false }, () => {
      void Promise.all([inode, inodeOf(file)]).then(([then, now]) => (now !== null && now === then ? undefined : onGone()));
    });
    watcher.on('error', () => watcher.close());
    return { [Symbol.dispose]: () => watcher.close() };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') onGone();
    return { [Symbol.dispose]: () => {} }; // the kernel's limit of watches
  }
}

const inodeOf = (file: string): Promise<number | null> =>
  stat(file).then(
    ({ ino }) => ino,
    () => null,
  );

const lockLost = (lock: FileLock, how: string): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'keep the lock of',
    subject: lock.subject,
    message: `the lock of ${lock.subject} was lost: ${how}`,
    hint: 'Let nothing clean up in the state directory, or end processes of Holdfast, while it runs; then run it again.',
    retry: 'now',
  });

const lockFailure = (lock: FileLock, exitCode: number | null, stderrTail: readonly string[]): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'lock',
    subject: lock.subject,
    message: `the lock file ${lock.file} could not be locked`,
    hint: 'Look whether the state directory is writable and on a file system that supports flock.',
    tool: { name: 'flock', exitCode, stderrTail },
  });
