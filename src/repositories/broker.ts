// One broker for each repository: shared and exclusive locks that hold across processes. A lock is a file in the state
// directory held by flock(1), so a killed holder never leaves a stale one.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lock } from '../domain/plan.ts';
import { errnoOf, HoldfastError } from '../lib/errors.ts';
import { acquireFileLock, type HeldLock } from '../tools/util-linux/flock.ts';
import { Places } from './places.ts';
import { SharedHold } from './shared-hold.ts';

export interface HeldLocks extends AsyncDisposable {
  /** Aborted, with what happened, when one of them is lost although it was not given up: whatever goes on must stop. */
  readonly lost?: AbortSignal;
}

export interface LockBroker {
  /**
   * Acquires all of them in sorted order (so that two plans never wait for each other), or none. `waiting` is told what is
   * waited for, where that is known.
   */
  acquire(locks: readonly Lock[], signal: AbortSignal, waiting?: (message: string) => void): Promise<HeldLocks>;
  /** Resolves when nothing is held any more that nobody uses: then no child process of it is left behind. */
  settled?(): Promise<void>;
}

/** Locks under `<stateDir>/locks`, which is created when needed. */
export function fileLockBroker(stateDir: string): LockBroker {
  const directory = join(stateDir, 'locks');
  const shared = new Map<string, SharedHold>();
  const open = new Set<SharedHold>();

  const fileOf = async (name: string): Promise<string> => {
    await makeDirectory(directory, name);
    return join(directory, `${encodeURIComponent(name)}.lock`);
  };
  const places = new Places(fileOf);

  const take = async ({ name, mode }: Lock, signal: AbortSignal): Promise<HeldLock> =>
    await acquireFileLock({ file: await fileOf(name), mode, subject: name }, signal);

  const takeShared = (lock: Lock, signal: AbortSignal): Promise<HeldLock> => {
    const known = shared.get(lock.name);
    if (known?.mayBeJoined) return known.join(signal);
    const hold: SharedHold = new SharedHold(
      (until) => take(lock, until),
      () => {
        if (shared.get(lock.name) === hold) shared.delete(lock.name);
      },
    );
    shared.set(lock.name, hold);
    open.add(hold);
    void hold.closed.then(() => open.delete(hold));
    return hold.join(signal);
  };

  return {
    async acquire(locks, signal, waiting = () => {}) {
      signal.throwIfAborted();
      await using held = new AsyncDisposableStack();
      const lost: AbortSignal[] = [];
      for (const lock of inOrder(locks)) {
        /* oxlint-disable no-await-in-loop -- one after the other is the point */
        if (lock.mode === 'shared' && lock.places !== undefined)
          lost.push(held.use(await places.take(lock.name, lock.places, signal, waiting)).lost);
        const taken = held.use(await (lock.mode === 'shared' ? takeShared(lock, signal) : take(lock, signal)));
        lost.push(taken.lost);
        /* oxlint-enable no-await-in-loop */
      }
      const all = held.move();
      return { lost: AbortSignal.any(lost), [Symbol.asyncDispose]: () => all.disposeAsync() };
    },
    async settled() {
      await places.settled();
      await Promise.all([...open].filter(({ isUsed }) => !isUsed).map(({ closed }) => closed));
    },
  };
}

async function makeDirectory(directory: string, subject: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new HoldfastError({
      code: errnoOf(error) === 'ENOSPC' ? 'no-space' : 'failed',
      operation: 'lock',
      subject,
      message: `the directory ${directory} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'Make the state directory writable for this user (and not full), or choose another with --state-dir.',
      retry: 'later',
      cause: error,
    });
  }
}

/** Sorted by name; a lock asked for twice would wait for itself, so it is taken once, in the stricter mode. */
function inOrder(locks: readonly Lock[]): Lock[] {
  const strictest = new Map<string, Lock>();
  for (const lock of locks) {
    if (lock.mode === 'exclusive' || !strictest.has(lock.name)) strictest.set(lock.name, lock);
  }
  return [...strictest.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** For plans that need no state on disk: they have no locks worth holding across processes. */
export const noLocks: LockBroker = {
  acquire: () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() }),
};
