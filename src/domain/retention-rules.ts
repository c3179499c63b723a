// The keep rules with exactly the results of `restic forget --keep-*`, and nothing on top: no protection, no clock. What must
// stay whatever the rules say is decided in retention.ts. Checked against restic itself in the tests.

import { formatDuration } from './duration.ts';
import type { Instant } from './instant.ts';
import type { RetentionPolicy } from './retention-policy.ts';
import { parseSnapshotTime, type SnapshotTime } from './retention-time.ts';

export interface RetentionSnapshot {
  /** The full 64 hex digits. */
  readonly id: string;
  readonly time: Instant;
  /** The same moment as restic wrote it: RFC 3339 with its own offset and up to nine decimals. */
  readonly timeText: string;
  readonly tags: readonly string[];
  readonly paths: readonly string[];
  /** Every declared source was present and readable; null where no record tells. */
  readonly complete: boolean | null;
  /** Total bytes processed; null when the snapshot does not say. */
  readonly bytes: number | null;
}

export interface RuleResult<S extends RetentionSnapshot = RetentionSnapshot> {
  readonly snapshot: S;
  readonly keep: boolean;
  /** The rules that keep it, in restic's words; empty when none does. */
  readonly reasons: readonly string[];
}

interface Counted {
  readonly name: string;
  readonly bucketOf: (time: SnapshotTime, position: number) => number;
  left: number;
  bucket: number | null;
}

/**
 * Newest first; equal times keep the order given (restic leaves theirs to chance). Each counting rule takes the newest
 * snapshot of each calendar span, in the snapshot's own time zone, until its number is used up; while some of it is left the
 * oldest snapshot stays too. `within` counts back from the newest snapshot given, which must itself not be in the future.
 *
 * `within` is a fixed span here, a day is 24 hours. That is restic's `--keep-within` written in days and hours; its months and
 * years have no counterpart, and where restic runs in a zone with summer time its days across a change differ by that hour.
 */
export function applyPolicy<S extends RetentionSnapshot>(snapshots: readonly S[], policy: RetentionPolicy): RuleResult<S>[] {
  const sorted = snapshots
    .map((snapshot) => ({ snapshot, time: parseSnapshotTime(snapshot.timeText) }))
    .toSorted((a, b) => (a.time.nanoseconds < b.time.nanoseconds ? 1 : a.time.nanoseconds > b.time.nanoseconds ? -1 : 0));
  const newest = sorted[0];
  if (!newest) return [];
  const rules = countingRules(policy);
  const since =
    policy.within === null || policy.within <= 0
      ? null
      : newest.time.nanoseconds - BigInt(Math.round(policy.within)) * 1_000_000n;

  return sorted.map(({ snapshot, time }, position) => {
    const reasons = policy.tags.filter((tag) => snapshot.tags.includes(tag)).map((tag) => `has tag ${tag}`);
    if (since !== null && policy.within !== null && time.nanoseconds > since)
      reasons.push(`within ${formatDuration(policy.within)}`);
    const oldest = position === sorted.length - 1;
    for (const rule of rules) {
      if (rule.left === 0) continue;
      const bucket = rule.bucketOf(time, position);
      const first = bucket !== rule.bucket;
      if (!first && !oldest) continue;
      rule.bucket = bucket;
      rule.left -= 1;
      reasons.push(first ? rule.name : `oldest ${rule.name}`);
    }
    return { snapshot, keep: reasons.length > 0, reasons };
  });
}

function countingRules(policy: RetentionPolicy): Counted[] {
  const rule = (name: string, left: number, bucketOf: Counted['bucketOf']): Counted => ({
    name,
    left,
    bucketOf,
    bucket: null,
  });
  return [
    rule('last snapshot', policy.last, (_, position) => position),
    rule('hourly snapshot', policy.hourly, (time) => time.hour),
    rule('daily snapshot', policy.daily, (time) => time.day),
    rule('weekly snapshot', policy.weekly, (time) => time.week),
    rule('monthly snapshot', policy.monthly, (time) => time.month),
    rule('yearly snapshot', policy.yearly, (time) => time.year),
  ].filter(({ left }) => left > 0);
}
