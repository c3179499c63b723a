// What is declared of the snapshots of a dataset: how many of each kind are kept, and whether they are taken and pruned here.
// Kinds and their names are sanoid's, so that either program knows what the other made.

import { ancestorsOf } from './dataset.ts';

/** The shortest first. */
export const SNAPSHOT_KINDS = ['frequently', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

export interface SnapshotPolicy {
  /** Its full name; the pool has to be imported for it to exist. */
  readonly dataset: string;
  /** Whether it holds for the datasets below, too, where they are not declared themselves; `children`: only for those. */
  readonly reach: 'itself' | 'tree' | 'children';
  readonly keep: Readonly<Record<SnapshotKind, number>>;
  /** Snapshots are taken. */
  readonly autosnap: boolean;
  /** Snapshots that nothing keeps are destroyed. */
  readonly autoprune: boolean;
}

/** `beside`: only what Holdfast took itself is pruned; `sanoid`: what sanoid took, too, and names are the same. */
export type Adoption = 'beside' | 'sanoid';

export interface SnapshotPolicies {
  readonly adopt: Adoption;
  readonly datasets: readonly SnapshotPolicy[];
}

/** The one that holds for a dataset: its own, or that of the nearest above it that reaches so far; null: none. */
export function policyFor(dataset: string, declared: ReadonlyMap<string, SnapshotPolicy>): SnapshotPolicy | null {
  const own = declared.get(dataset);
  if (own) return own.reach === 'children' ? null : own;
  const above = ancestorsOf(dataset).toReversed();
  for (const name of above) {
    const policy = declared.get(name);
    if (policy && policy.reach !== 'itself') return policy;
  }
  return null;
}
