// One broker for each repository: shared and exclusive locks that hold across processes. A lock is a file in the state
// directory held by flock(1), so a killed holder never leaves a stale one.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lock } from '../domain/plan.ts';
import { acquireFileLock } from '../tools/util-linux/flock.ts';

export interface LockBroker {
  /** Acquires all of them in sorted order (so that two plans never wait for each other), or none. */
  acquire(locks: readonly Lock[], signal: AbortSignal): Promise<AsyncDisposable>;
}

/** Locks under `<stateDir>/locks`, which is created when needed. */
export const fileLockBroker = (stateDir: string): LockBroker => ({
  async acquire(locks, signal) {
    const directory = join(stateDir, 'locks');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await using held = new AsyncDisposableStack();
    for (const { name, mode } of locks.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = join(directory, `${encodeURIComponent(name)}.lock`);
      held.use(await acquireFileLock({ file, mode, subject: name }, signal)); // oxlint-disable-line no-await-in-loop
    }
    return held.move();
  },
});

/** For plans that need no state on disk: they have no locks worth holding across processes. */
export const noLocks: LockBroker = {
  acquire: () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() }),
};
