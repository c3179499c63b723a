// Which snapshot a drill tries, and which one of another repository it is held against. Pure.

import { type DrillPick, pickOne } from '../../domain/drill.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';
import {
  candidatesOf,
  chooseSnapshot,
  type Choice,
  type Knowledge,
  type SnapshotWish,
} from '../snapshots/choose-snapshot.ts';

type OneJob = Pick<SnapshotWish, 'service' | 'host'>;

/** Throws as `chooseSnapshot`. The newest is chosen as a restore would choose it. */
export function pickSnapshot(
  snapshots: readonly Snapshot[],
  job: OneJob,
  pick: Exclude<DrillPick, 'rotate'>,
  known: Knowledge,
): Choice {
  const picked = pick === 'newest' ? undefined : pickOne(candidatesOf(snapshots, job, known), pick);
  if (!picked) return chooseSnapshot(snapshots, job, known);
  const { snapshot, partial } = chooseSnapshot(snapshots, { ...job, id: picked.id }, known);
  return { snapshot, partial, remarks: [`the ${pick} is tried: ${picked.id.slice(0, 8)} of ${formatInstant(picked.time)}`] };
}

/** The snapshot of the job that was made nearest in time to that one; null when there is none. */
export function nearestSnapshot(
  snapshots: readonly Snapshot[],
  job: OneJob,
  to: Snapshot,
  known: Knowledge,
): Snapshot | null {
  const far = ({ time }: Snapshot): number => Math.abs(time - to.time);
  return candidatesOf(snapshots, job, known).toSorted((a, b) => far(a) - far(b))[0] ?? null;
}
