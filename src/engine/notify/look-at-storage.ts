// How pools and datasets do, asked each time that somebody may be told, and never waited for long. A pool that is suspended leaves
// behind processes that nobody can end: where ZFS did not answer it is asked again after a while that doubles.

import { duration, type Duration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import type { OpenProblem } from '../../domain/notification.ts';
import type { StorageHealth } from '../../domain/storage-health.ts';
import { untilAborted } from '../../lib/abort.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import { storageHealth } from '../datasets/storage-health.ts';

export type StorageLook =
  /** Null: the configuration speaks of none. */
  | { readonly kind: 'seen'; readonly health: StorageHealth | null }
  /** It did not answer; `at`: when it was asked. */
  | { readonly kind: 'silent'; readonly message: string; readonly hint: string | null; readonly at: Instant };

/** The problem that says so. */
export const SILENT = 'pools:silent';

const PATIENCE = duration(10, 's');
const FIRST_WAIT = duration(5, 'm');
const LONGEST_WAIT = duration(1, 'h');

export interface StorageQuestion {
  readonly using: Parameters<typeof storageHealth>[0];
  readonly open: readonly OpenProblem[];
  readonly now: Instant;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly ask?: typeof storageHealth;
  readonly patience?: Duration;
}

/** Throws the signal's reason, and bugs. */
export async function lookAtStorage(question: StorageQuestion): Promise<StorageLook> {
  const { using, open, now, signal, ask = storageHealth, patience = PATIENCE } = question;
  const last = open.find(({ key, resolvedAt }) => key === SILENT && resolvedAt === null);
  if (last !== undefined && isEarly(last, now))
    return { kind: 'silent', message: last.item.message, hint: last.item.hint, at: last.item.at };
  using limit = limitTime(patience, noAnswer);
  const either = AbortSignal.any([signal, limit.signal]);
  try {
    return { kind: 'seen', health: await untilAborted(ask(using, either), either) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || error.code === 'bug') throw error;
    return { kind: 'silent', message: error.message, hint: error.hint ?? null, at: now };
  }
}

/** A clock that is set back puts nothing off. */
function isEarly({ since, item }: OpenProblem, now: Instant): boolean {
  const waited = elapsed(item.at, now);
  const wait = Math.min(LONGEST_WAIT, Math.max(FIRST_WAIT, elapsed(since, item.at)));
  return waited >= 0 && waited < wait;
}

const noAnswer = (): HoldfastError =>
  new HoldfastError({
    code: 'timed-out',
    operation: 'ask about',
    subject: 'the pools',
    message: 'ZFS did not answer',
    hint: 'A pool may be suspended: see `zpool status -x`, bring the disks back, then `zpool clear POOL`.',
  });
