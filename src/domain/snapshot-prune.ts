// Which snapshots of a dataset may go, and why the others stay. Pure. As with sanoid one goes only if there are more of its kind than
// are kept AND it is older than so many of its periods: a host that was off for a month keeps what it has.

import { type Duration, formatDuration } from './duration.ts';
import { elapsed, type Instant } from './instant.ts';
import { kindOf } from './snapshot-name.ts';
import { PERIOD } from './snapshot-period.ts';
import { type Adoption, SNAPSHOT_KINDS, type SnapshotKind, type SnapshotPolicy } from './snapshot-policy.ts';
import { byAge, type ZfsSnapshot } from './zfs-snapshot.ts';

/** Why one stays. The first three follow from the policy; of the others the policy would let go of it. */
export type Stay =
  | 'counted' // one of the newest of its kind
  | 'young'
  | 'newest' // of its dataset: whoever replicates next needs it
  | 'held'
  | 'cloned'
  | 'base'; // of a replication

export interface PruneEntry {
  readonly snapshot: ZfsSnapshot;
  readonly kind: SnapshotKind;
  /** Null: it goes. */
  readonly stays: Stay | null;
  /** 'more than 24 hourly, older than 1d' */
  readonly reason: string;
}

export interface PruneScene {
  readonly adopt: Adoption;
  readonly now: Instant;
  /** Guids that a bookmark of a replication has. */
  readonly bases: ReadonlySet<string>;
  /** What of it is cloned. */
  readonly isCloned: (snapshot: ZfsSnapshot) => boolean;
}

/** Of the snapshots of one dataset, in any order, those of the policy, the oldest first; foreign ones are not in it. */
export function decidePrune(
  { keep }: Pick<SnapshotPolicy, 'keep'>,
  snapshots: readonly ZfsSnapshot[],
  scene: PruneScene,
): PruneEntry[] {
  const newest = snapshots.reduce<ZfsSnapshot | null>(
    (last, each) => (last === null || byAge(last, each) < 0 ? each : last),
    null,
  );
  const groups = Map.groupBy(snapshots, (each) => kindOf(each, scene.adopt));
  return SNAPSHOT_KINDS.flatMap((kind) => {
    const group = (groups.get(kind) ?? []).toSorted(byAge);
    return group.map((snapshot, index): PruneEntry => {
      const { stays, reason } = judge(snapshot, kind, { rank: group.length - index, count: keep[kind], newest }, scene);
      return { snapshot, kind, stays, reason };
    });
  }).toSorted((one, other) => byAge(one.snapshot, other.snapshot));
}

interface Place {
  /** 1: the newest of its kind. */
  readonly rank: number;
  readonly count: number;
  readonly newest: ZfsSnapshot | null;
}

function judge(
  snapshot: ZfsSnapshot,
  kind: SnapshotKind,
  { rank, count, newest }: Place,
  { now, bases, isCloned }: PruneScene,
): Pick<PruneEntry, 'stays' | 'reason'> {
  const most = (PERIOD[kind] * count) as Duration; // so many of it
  if (rank <= count) return { stays: 'counted', reason: `one of the newest ${count} ${kind}` };
  if (elapsed(snapshot.creation, now) <= most) return { stays: 'young', reason: `younger than ${formatDuration(most)}` };
  if (snapshot === newest) return { stays: 'newest', reason: 'the newest of its dataset: a replication may need it' };
  if (snapshot.holds > 0) return { stays: 'held', reason: 'held (zfs holds)' };
  if (isCloned(snapshot)) return { stays: 'cloned', reason: 'cloned' };
  if (bases.has(snapshot.guid)) return { stays: 'base', reason: 'the base of a replication' };
  const limit = count === 0 ? `no ${kind} are kept` : `more than ${count} ${kind}, older than ${formatDuration(most)}`;
  return { stays: null, reason: limit };
}
