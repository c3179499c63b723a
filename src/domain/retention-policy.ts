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

/** How many rules count snapshots: with each new one, each of them drops one at most. `within` drops by the clock. */
export const countingRules = ({ last, hourly, daily, weekly, monthly, yearly }: RetentionPolicy): number =>
  [last, hourly, daily, weekly, monthly, yearly].filter((count) => count > 0).length;

/** A policy that keeps nothing by any rule would remove everything: refused. */
export const keepsNothing = (policy: RetentionPolicy): boolean =>
  countingRules(policy) === 0 && policy.within === null && policy.tags.length === 0;
