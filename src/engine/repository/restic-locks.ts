// restic's own locks, which other hosts and programs hold too: a dead process's is cleared, for otherwise every night would
// fail until somebody looks; a living one's is waited for. Never removes a lock that may be alive.

import { hostname, userInfo } from 'node:os';
import type { Duration } from '../../domain/duration.ts';
import type { StepContext } from '../../domain/plan.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { processExists } from '../../process/identity.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import { describeHolder, parseLockHolder } from '../../tools/restic/classify.ts';
import { resticUnlock } from '../../tools/restic/unlock.ts';
import type { Toolbox } from '../toolbox.ts';

export type LockContext = Pick<StepContext, 'signal' | 'warn' | 'waiting' | 'lockWait'>;

/**
 * Does the work, and does it again when a lock stood in its way: at once when that was stale, else with restic waiting for
 * as long as the step may. `own` asks for the lock's state as ourselves. Throws what the work throws, `repository-locked`
 * when the wait was in vain.
 */
export async function pastLocks<T>(
  own: ResticAccess,
  toolbox: Toolbox,
  context: LockContext,
  work: (retryLock: Duration | undefined) => Promise<T>,
): Promise<T> {
  try {
    return await work(undefined);
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'repository-locked') throw error;
    if (!(await clearedStaleLocks(error, own, toolbox, context))) context.waiting(`the repository is ${error.message}`);
    return await work(context.lockWait);
  }
}

/**
 * Whether locks were cleared, so that trying again is worth it. restic holds a lock for stale when it is older than 30 minutes
 * or when it cannot signal its process on this host: which is so of every other user's living process too, unless it asks as
 * root. So it asks as ourselves, never as the repository's owner, and only where that answer is right.
 */
async function clearedStaleLocks(
  error: HoldfastError,
  own: ResticAccess,
  toolbox: Toolbox,
  context: LockContext,
): Promise<boolean> {
  const holder = parseLockHolder(error.tool?.stderrTail ?? []);
  if (!holder) return false;
  const local = holder.host === hostname();
  if (local && processExists(holder.pid)) return false;
  if (toolbox.user.uid !== 0 && !(local && holder.user === ownName())) return false;
  const cleared = await unlock(own, context.signal);
  if (cleared === 0) return false;
  context.warn(
    `cleared ${cleared === 1 ? 'a stale lock' : `${cleared} stale locks`}: ${describeHolder(holder)}, which is gone`,
  );
  return true;
}

/** The number of locks cleared. Where that fails, the lock itself is what is told. */
async function unlock(own: ResticAccess, signal: AbortSignal): Promise<number> {
  try {
    return await resticUnlock(own, { signal });
  } catch {
    signal.throwIfAborted();
    return 0;
  }
}

/** As restic writes it into its locks: empty for a uid without a name. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return '';
  }
}
