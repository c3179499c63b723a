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

/** Rules that drop snapshots as new ones come: in regular life one at most for each new one. Tags drop none. */
export const droppingRules = ({ last, hourly, daily, weekly, monthly, yearly, within }: RetentionPolicy): number =>
  [last, hourly, daily, weekly, monthly, yearly, within ?? 0].filter((amount) => amount > 0).length;

/** A policy that keeps nothing by any rule would remove everything: refused. */
export const keepsNothing = (policy: RetentionPolicy): boolean => droppingRules(policy) === 0 && policy.tags.length === 0;
