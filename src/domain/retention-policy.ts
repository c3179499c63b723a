// What to keep, with the meaning of restic's keep-* options.

import type { Duration } from './duration.ts';

export interface RetentionPolicy {
  readonly last: number;
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
  /** Everything younger than this, counted back from the newest snapshot; null for no such rule. */
  readonly within: Duration | null;
  /** Snapshots that carry any of these tags stay. */
  readonly tags: readonly string[];
}

/** A policy that keeps nothing by any rule would remove everything: refused. */
export const keepsNothing = (policy: RetentionPolicy): boolean =>
  policy.last + policy.hourly + policy.daily + policy.weekly + policy.monthly + policy.yearly === 0 &&
  policy.within === null &&
  policy.tags.length === 0;
