// What `snapshot take` and `snapshot prune` begin with: the datasets that have a policy, with all their snapshots, by one listing.

import { poolOf } from '../../domain/dataset.ts';
import type { Instant } from '../../domain/instant.ts';
import { POLICY_PROPERTY } from '../../domain/snapshot-name.ts';
import { type Adoption, policyFor, type SnapshotPolicies, type SnapshotPolicy } from '../../domain/snapshot-policy.ts';
import type { ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { type Inventory, takeInventory } from '../../tools/zfs/inventory.ts';

export interface ManagedDataset {
  readonly dataset: string;
  readonly policy: SnapshotPolicy;
  /** All, also those of others. */
  readonly snapshots: readonly ZfsSnapshot[];
  /** Guids of bookmarks that Holdfast made of its snapshots. */
  readonly bases: ReadonlySet<string>;
}

export interface SnapshotScene {
  readonly adopt: Adoption;
  readonly now: Instant;
  readonly zone: string;
  readonly pools: ReadonlyMap<string, readonly ManagedDataset[]>;
  /** Declared, and not there. */
  readonly missing: readonly string[];
}

export const CLONES = 'clones';
const OWN_BOOKMARK = /^holdfast\b/;

/** Throws `usage` where no policy is declared, and as `takeInventory`. */
export async function snapshotScene(
  { adopt, datasets }: SnapshotPolicies,
  { now, zone }: { readonly now: Instant; readonly zone: string },
  signal: AbortSignal,
): Promise<SnapshotScene> {
  if (datasets.length === 0) {
    throw new HoldfastError({
      code: 'usage',
      operation: 'choose',
      subject: 'datasets',
      message: 'no dataset has a snapshot policy',
      hint: 'Write one under replication.zfs.datasets; `holdfast import sanoid` makes it of a sanoid.conf.',
    });
  }
  const roots = datasets.map(({ dataset }) => dataset);
  return sceneOf({ adopt, datasets }, await takeInventory(roots, [POLICY_PROPERTY, CLONES], signal), { now, zone });
}

/** Pure. */
export function sceneOf(
  { adopt, datasets }: SnapshotPolicies,
  inventory: Inventory,
  { now, zone }: { readonly now: Instant; readonly zone: string },
): SnapshotScene {
  const declared = new Map(datasets.map((policy) => [policy.dataset, policy]));
  const snapshots = Map.groupBy(inventory.snapshots, ({ dataset }) => dataset);
  const bookmarks = Map.groupBy(
    inventory.bookmarks.filter(({ name }) => OWN_BOOKMARK.test(name)),
    ({ dataset }) => dataset,
  );
  const managed = inventory.datasets.flatMap((dataset): ManagedDataset[] => {
    const policy = policyFor(dataset, declared);
    if (policy === null || (!policy.autosnap && !policy.autoprune)) return [];
    const bases = new Set((bookmarks.get(dataset) ?? []).map(({ guid }) => guid));
    return [{ dataset, policy, snapshots: snapshots.get(dataset) ?? [], bases }];
  });
  const missing = inventory.missing.filter((root) => {
    const policy = declared.get(root);
    return policy !== undefined && (policy.autosnap || policy.autoprune);
  });
  return { adopt, now, zone, pools: Map.groupBy(managed, ({ dataset }) => poolOf(dataset)), missing };
}

/** What both plans say of a dataset that is declared and not there. */
export const notThere = (dataset: string): HoldfastError =>
  new HoldfastError({
    code: 'source-missing',
    operation: 'find',
    subject: dataset,
    message: `${dataset} has a snapshot policy and does not exist`,
    hint: `Is its pool imported (zpool list)? Otherwise take it out of replication.zfs.datasets.`,
    retry: 'later',
  });
