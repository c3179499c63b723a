// Which snapshots of a dataset are due. Pure. The newest of a kind is the one of the latest transaction group, whatever the clock said: a
// clock that went back makes one more, never none.

import type { Instant } from './instant.ts';
import { kindOf } from './snapshot-name.ts';
import { periodStart } from './snapshot-period.ts';
import { type Adoption, SNAPSHOT_KINDS, type SnapshotKind, type SnapshotPolicy } from './snapshot-policy.ts';
import type { ZfsSnapshot } from './zfs-snapshot.ts';

/**
 * Those kinds of which the period that `now` is in has none: however many periods were missed, one is taken. `snapshots`: of the
 * dataset, in any order, foreign ones among them.
 */
export function dueKinds(
  { keep, autosnap }: Pick<SnapshotPolicy, 'keep' | 'autosnap'>,
  snapshots: readonly ZfsSnapshot[],
  { adopt, now, zone }: { readonly adopt: Adoption; readonly now: Instant; readonly zone: string },
): SnapshotKind[] {
  if (!autosnap) return [];
  const newest = newestOfKinds(snapshots, adopt);
  return SNAPSHOT_KINDS.filter((kind) => {
    if (keep[kind] === 0) return false;
    const last = newest.get(kind);
    return last === undefined || periodStart(kind, last.creation, zone) !== periodStart(kind, now, zone);
  });
}

export function newestOfKinds(snapshots: readonly ZfsSnapshot[], adopt: Adoption): ReadonlyMap<SnapshotKind, ZfsSnapshot> {
  const newest = new Map<SnapshotKind, ZfsSnapshot>();
  for (const snapshot of snapshots) {
    const kind = kindOf(snapshot, adopt);
    if (kind !== null && snapshot.createtxg >= (newest.get(kind)?.createtxg ?? 0)) newest.set(kind, snapshot);
  }
  return newest;
}
