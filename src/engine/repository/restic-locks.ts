// restic's own locks, which other hosts and programs hold too: a dead process's is cleared, for otherwise every night would
// fail until somebody looks; a living one's is waited for. Never removes a lock that may be alive.

import type { Duration } from '../../domain/duration.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import { describeHolder, parseLockHolder } from '../../tools/restic/classify.ts';
import { clearStaleLocks, fromHere, isHeldHere } from './stale-locks.ts';

export type LockContext = Pick<StepContext, 'signal' | 'now' | 'warn' | 'waiting' | 'lockWait'>;

/**
 * Does the work, and does it again when a lock stood in its way: at once when that was stale, else with restic waiting for
 * as long as the step may. `own` asks for the lock's state as ourselves. Throws what the work throws, `repository-locked`
 * when the wait was in vain.
 */
export async function pastLocks<T>(
  own: ResticAccess,
  context: LockContext,
  work: (retryLock: Duration | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await work(undefined);
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'repository-locked') throw error;
    const obstacle = await clear(error, own, context);
    if (obstacle !== null) context.waiting(`the repository is ${error.message}${obstacle}`);
    return await work(context.lockWait);
  }
}

/** Null when stale locks were cleared, so that trying again is worth it; else what kept us from it, as the end of a sentence. */
async function clear(error: HoldfastError, own: ResticAccess, context: LockContext): Promise<string | null> {
  const holder = parseLockHolder(error.tool?.stderrTail ?? []);
  const from = fromHere(context.now());
  if (holder === null || isHeldHere(holder, from)) return '';
  try {
    const { removed } = await clearStaleLocks(own, from, { signal: context.signal });
    if (removed === 0) return '';
    const locks = removed === 1 ? 'a stale lock' : `${removed} stale locks`;
    const was = describeHolder(holder);
    context.warn(`cleared ${locks}${holder.host === from.host ? `: ${was}, which is gone` : `; the repository was ${was}`}`);
    return null;
  } catch (problem) {
    context.signal.throwIfAborted();
    if (!(problem instanceof HoldfastError)) throw problem;
    return `; its stale locks stay: ${problem.message}`;
  }
}
