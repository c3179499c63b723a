// Which copies of snapshots taken by schedule may go from a replica. Properties of snapshots are not sent, so that a copy is known by its
// name; that the replica is one is proven beforehand, by what both sides have in common. Pure.

import type { Instant } from './instant.ts';
import { POLICY_PROPERTY } from './snapshot-name.ts';
import type { Adoption, SnapshotPolicy } from './snapshot-policy.ts';
import { decidePrune } from './snapshot-prune.ts';
import type { ZfsSnapshot } from './zfs-snapshot.ts';

export interface ReplicaPruning {
  readonly keep: SnapshotPolicy['keep'];
  readonly adopt: Adoption;
  readonly now: Instant;
}

/** Only what is older than `base`, the newest that both sides have. */
export function prunable(
  snapshots: readonly ZfsSnapshot[],
  base: Pick<ZfsSnapshot, 'guid' | 'createtxg'>,
  { keep, adopt, now }: ReplicaPruning,
): ZfsSnapshot[] {
  const copies = new Map(snapshots.map((each) => [named(each), each]));
  const entries = decidePrune({ keep }, [...copies.keys()], {
    adopt,
    now,
    bases: new Set([base.guid]),
    isCloned: ({ properties }) => (properties['clones'] ?? '') !== '',
  });
  return entries.flatMap(({ snapshot, stays }) => {
    const copy = stays === null ? copies.get(snapshot) : undefined;
    return copy && copy.createtxg < base.createtxg ? [copy] : [];
  });
}

/** With the property that it had where it was taken. */
const named = (snapshot: ZfsSnapshot): ZfsSnapshot => ({
  ...snapshot,
  properties: {
    ...snapshot.properties,
    [POLICY_PROPERTY]: snapshot.name.replace(/^holdfast_/, '').replace(/dst(?=_[a-z]+$)/, ''),
  },
});
