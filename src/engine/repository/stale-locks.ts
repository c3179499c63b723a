// Which of restic's locks are stale, and whether they may be cleared: the only place that judges locks, and the only caller of
// `restic unlock`. That removes each lock that was not refreshed for 30 minutes (a living restic does so every 5), and each of
// this host whose process does not exist. It finds that out by SIGHUP: restic is deaf to it, most other programs die of it, and
// a process that may not be signalled counts as none (restic 0.18 and 0.19, internal/repository/lock_file*.go).

import { hostname } from 'node:os';
import { describeDuration, type Duration, duration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { type LocalProcess, processOf } from '../../process/identity.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import { nameHolder } from '../../tools/restic/classify.ts';
import type { ResticOptions } from '../../tools/restic/invoke.ts';
import { type Locks, MAX_DESCRIBED, type RepositoryLock, resticLocks } from '../../tools/restic/locks.ts';
import { resticUnlock } from '../../tools/restic/unlock.ts';

/** From where locks are judged. */
export interface Vantage {
  readonly host: string;
  readonly now: Instant;
  readonly processOf: (pid: number) => LocalProcess | null;
}

export const fromHere = (now: Instant): Vantage => ({ host: hostname(), now, processOf });

/** Why nothing may be cleared now, and what to do about it. */
export interface Objection {
  readonly message: string;
  readonly hint: string;
}

/** By its age alone. */
const STALE = duration(30, 'm');
/** Only a restic that was suspended has a lock so old. Less than STALE: it might get there while others are cleared. */
const SUSPENDED = duration(25, 'm');
/** Also '.restic-wrapped' (NixOS) and 'restic-0.18.0'. */
const RESTIC = /^\.?restic/;
const INIT = 1;

/**
 * Clears the stale locks; answers with how many there were, and which locks before. Throws `refused`, and leaves all of them,
 * where that would take a living restic's lock or hang another program up.
 */
export async function clearStaleLocks(
  access: ResticAccess,
  from: Vantage,
  options: ResticOptions,
): Promise<{ readonly removed: number; readonly before: Locks }> {
  const before = await resticLocks(access, options);
  const objection = objectionTo(before, from);
  if (objection) {
    const operation = 'clear the stale locks of';
    throw new HoldfastError({ code: 'refused', operation, subject: access.subject, ...objection, retry: 'later' });
  }
  return { before, removed: before.ids.length === 0 ? 0 : await resticUnlock(access, options) };
}

/** What speaks against clearing stale locks while there are these; null when it harms nobody. */
export function objectionTo({ ids, described }: Locks, from: Vantage): Objection | null {
  const [first = null] = described.flatMap((lock) => objectionToOne(lock, from) ?? []);
  return first ?? (ids.length > MAX_DESCRIBED ? objectionToUnseen(ids.length, from) : null);
}

/** Whether nobody works under it any more, as far as can be told from here. */
export function isStale(lock: RepositoryLock, from: Vantage): boolean {
  if (isHeldHere(lock, from)) return false;
  return elapsed(lock.time, from.now) > STALE || (lock.host === from.host && from.processOf(lock.pid) === null);
}

/** Whether a living restic of this host has it, or what is hidden and may be one. */
export function isHeldHere(lock: Pick<RepositoryLock, 'host' | 'pid'>, from: Vantage): boolean {
  const found = successorOf(lock, from);
  return found !== null && mayBeRestic(found);
}

/** What has the number of its process: that process, or another one by now. Null when it is gone, or was another host's. */
const successorOf = ({ host, pid }: Pick<RepositoryLock, 'host' | 'pid'>, from: Vantage): LocalProcess | null =>
  host === from.host ? from.processOf(pid) : null;

const mayBeRestic = ({ program }: LocalProcess): boolean => program === null || RESTIC.test(program);

function objectionToOne(lock: RepositoryLock, from: Vantage): Objection | null {
  const found = successorOf(lock, from);
  if (found === null) return null;
  const age = elapsed(lock.time, from.now);
  if (!mayBeRestic(found)) return found.signallable && age <= STALE ? hungUp(lock, found, age) : null;
  if (!found.signallable)
    return uncertain(`${nameHolder(lock)} seems to be alive, and its lock would be cleared with the stale ones`);
  return age > SUSPENDED ? suspended(lock, age) : null;
}

/** Numbers do not come round within half an hour: then a lock is stale by its age before a stranger has its number. */
function objectionToUnseen(count: number, from: Vantage): Objection | null {
  const init = from.processOf(INIT);
  if (!init?.signallable)
    return uncertain(
      `there are ${count} locks, too many to look at each, and some may be those of living processes of other users`,
    );
  if (init.age > STALE) return null;
  return {
    message: `there are ${count} locks, too many to look at each, and this host started less than 30 minutes ago: another program may have the number of a dead restic by now, and would be hung up (SIGHUP) to see whether the lock is stale`,
    hint: again(init.age),
  };
}

const uncertain = (message: string): Objection => ({ message, hint: 'Run as root, who can tell for sure.' });

const suspended = (lock: RepositoryLock, age: Duration): Objection => ({
  message: `${nameHolder(lock)} is alive and seems to be suspended: its lock was last refreshed ${describeDuration(age)} ago, and would be cleared with the stale ones`,
  hint: `After a sleep of the machine it refreshes its lock by itself: try again in a minute. Otherwise see what it does (ps ${lock.pid}), let it go on (kill -CONT ${lock.pid}) or end it (kill -KILL ${lock.pid}), and try again.`,
});

const hungUp = (lock: RepositoryLock, { program }: LocalProcess, age: Duration): Objection => ({
  message: `${nameHolder(lock)} is gone, but ${program} has its number now, and would be hung up (SIGHUP) to see whether the lock is stale; by its age it will be in ${untilStale(age)}`,
  hint: again(age),
});

const again = (age: Duration): string => `Nothing needs to be done: try again in ${untilStale(age)}.`;

/** In whole minutes, the last one included. */
const untilStale = (age: Duration): string =>
  describeDuration(duration(Math.floor((STALE - age) / duration(1, 'm')) + 1, 'm'));
