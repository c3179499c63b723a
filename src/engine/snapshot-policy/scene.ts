// What `snapshot take` and `snapshot prune` begin with: the datasets that have a policy, with all their snapshots, by one listing of each
// pool: one that does not answer keeps nobody from the others.

import { poolOf } from '../../domain/dataset.ts';
import type { Instant } from '../../domain/instant.ts';
import { type Adoption, policyFor, type SnapshotPolicies, type SnapshotPolicy } from '../../domain/snapshot-policy.ts';
import type { ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { HERE } from '../../tools/zfs/end.ts';
import { type DatasetPoints, listPoints } from '../../tools/zfs/points.ts';

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
  /** Pools that could not be asked, with why. */
  readonly silent: ReadonlyMap<string, HoldfastError>;
}

export const CLONES = 'clones';
const OWN_BOOKMARK = /^holdfast\b/;

/** Throws `usage` where no policy is declared, and as `listPoints` where no pool answers. */
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
  const roots = Map.groupBy(
    datasets.map(({ dataset }) => dataset),
    poolOf,
  );
  const silent = new Map<string, HoldfastError>();
  const seen = await Promise.all([...roots].map(([pool, some]) => look(pool, some, silent, signal)));
  const [first] = silent.values();
  if (first !== undefined && silent.size === roots.size) throw first;
  return sceneOf({ adopt, datasets }, seen.flat(), { now, zone, silent });
}

async function look(
  pool: string,
  roots: readonly string[],
  silent: Map<string, HoldfastError>,
  signal: AbortSignal,
): Promise<DatasetPoints[]> {
  try {
    return [...(await listPoints(HERE, roots, true, signal)).values()];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    silent.set(pool, error);
    return [];
  }
}

/** The same datasets with the snapshots that they have now. Throws as `listPoints`. */
export async function lookAgain(datasets: readonly ManagedDataset[], signal: AbortSignal): Promise<ManagedDataset[]> {
  const names = datasets.map(({ dataset }) => dataset);
  const seen = await listPoints(HERE, names, false, signal);
  return datasets.map((each) => ({ ...each, snapshots: seen.get(each.dataset)?.snapshots ?? each.snapshots }));
}

/** Pure. */
export function sceneOf(
  { adopt, datasets }: SnapshotPolicies,
  seen: readonly DatasetPoints[],
  { now, zone, silent }: Pick<SnapshotScene, 'now' | 'zone' | 'silent'>,
): SnapshotScene {
  const declared = new Map(datasets.map((policy) => [policy.dataset, policy]));
  const managed = seen.flatMap((each): ManagedDataset[] => {
    const policy = policyFor(each.name, declared);
    if (policy === null || !isManaged(policy)) return [];
    const bases = new Set(each.bookmarks.filter(({ name }) => OWN_BOOKMARK.test(name)).map(({ guid }) => guid));
    return [{ dataset: each.name, policy, snapshots: each.snapshots, bases }];
  });
  const there = new Set(seen.map(({ name }) => name));
  const missing = datasets
    .filter((policy) => isManaged(policy) && !there.has(policy.dataset) && !silent.has(poolOf(policy.dataset)))
    .map(({ dataset }) => dataset);
  return { adopt, now, zone, pools: Map.groupBy(managed, ({ dataset }) => poolOf(dataset)), missing, silent };
}

const isManaged = ({ autosnap, autoprune }: SnapshotPolicy): boolean => autosnap || autoprune;

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
