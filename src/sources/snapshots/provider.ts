// The contract of temporary snapshots: frozen views of datasets and subvolumes, made for one run and gone after it. ZFS and btrfs
// keep it; test/sources/snapshot-contract.ts holds them to it.

import * as z from 'zod';
import type { Part, Piece } from '../../domain/snapshot-pieces.ts';
import type { MountTable } from '../../domain/mount.ts';
import type { Cover } from '../../tools/util-linux/mount-view.ts';

/** Snapshots of one name, as the journal keeps them: enough to find them again, and to know that they are ours. */
export const snapshotRecord = z.object({
  provider: z.enum(['zfs', 'btrfs']),
  /** The run that made them. */
  run: z.string(),
  name: z.string(),
  /** Who uses them: a job of that run. */
  user: z.string(),
  /** A dataset, or where a subvolume is seen; and its UUID, where a name alone would not do. */
  origins: z.array(z.object({ name: z.string(), id: z.string().nullable() })),
});
export type SnapshotRecord = Readonly<z.infer<typeof snapshotRecord>>;
export type Origin = SnapshotRecord['origins'][number];

/** Of a part: its pieces, or why there is no snapshot to be had of it. */
export type Located = { readonly pieces: readonly Piece[] } | { readonly unfrozen: string };

/**
 * Whoever asks is root. Everything throws a HoldfastError for what went wrong and the signal's reason when cancelled; what
 * is not the record's, by name and by mark (a property, the UUID of the origin), is never touched.
 */
export interface SnapshotProvider {
  readonly kind: SnapshotRecord['provider'];
  /** Whether several users may have one snapshot: `join`. */
  readonly shared: boolean;
  /** Changes nothing. */
  locate(part: Part, mounts: MountTable, signal: AbortSignal): Promise<Located>;
  /** Origins of one group can be frozen together. */
  groupOf(origin: string): string;
  identify(origin: string, signal: AbortSignal): Promise<Origin>;
  /** Makes them, marked, and held for the user. What it leaves when it fails, `release` takes away. */
  take(record: SnapshotRecord, signal: AbortSignal): Promise<void>;
  /** Holds for one more user what was taken. Throws `snapshot-missing` when it is gone meanwhile. */
  join(record: SnapshotRecord, signal: AbortSignal): Promise<void>;
  /** How one of them is put in place. */
  sourceOf(record: SnapshotRecord, origin: string): Cover['from'];
  /** As people find them. */
  namesOf(record: SnapshotRecord): string[];
  /** Names of those that are not there any more. */
  missing(record: SnapshotRecord, signal: AbortSignal): Promise<string[]>;
  /** Paths that are nobody's data. */
  ownPlaces(origin: string): string[];
  /**
   * The user is done with them: what nobody uses any more goes. Idempotent, also after `take` failed half way and in another process;
   * waits a while for what is still busy, then throws `busy`.
   */
  release(record: SnapshotRecord, signal: AbortSignal): Promise<void>;
}
