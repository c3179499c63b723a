// What is layered at the paths of a service: which file system a path really leads into, which one belongs there, and what
// lies hidden. Pure: from the kernel's list of mounts, and the datasets of this machine as ZFS knows them.

import { contains } from '../lib/path.ts';
import type { DatasetState } from './dataset.ts';
import { concerns, isSamePlace, type Mount, type MountTable, placeIn } from './mount.ts';

/** What ZFS knows: `none` where it is not installed, `silent` where it does not answer. */
export type Zfs =
  | { readonly kind: 'told'; readonly datasets: ReadonlyMap<string, DatasetState> }
  | { readonly kind: 'none' }
  | { readonly kind: 'silent'; readonly reason: string };

export interface Scene {
  readonly mounts: MountTable;
  readonly zfs: Zfs;
}

const datasetsOf = ({ zfs }: Scene): readonly DatasetState[] =>
  zfs.kind === 'told' ? [...zfs.datasets.values()].filter(({ type }) => type === 'filesystem') : [];

/** A declared path of a service. */
export interface Declared {
  /** Absolute, normalised, without links. */
  readonly path: string;
  /** The dataset that is said to hold it. */
  readonly dataset: string | null;
  /** The id of the mount that the kernel led into; null when it was not asked, or there is nothing. */
  readonly held: number | null;
}

/**
 * What is read at the declared path is not its data (`whole`), lacks some of it (`part`), or is it all the same, and something
 * else is to be mended (`none`).
 */
export type Harm = 'whole' | 'part' | 'none';

interface At {
  /** The mount point. */
  readonly at: string;
  readonly harm: Harm;
}

/** A mounted file system that nobody sees: `by` is mounted over it, or over a directory above it. */
export interface Hidden extends At {
  readonly kind: 'hidden';
  readonly mount: Mount;
  readonly by: Mount;
  /** In bytes, where the file system is a dataset. */
  readonly used: number | null;
}

/** A dataset that belongs at `at`; what is written there goes to `on`. */
export interface Unmounted extends At {
  readonly kind: 'unmounted';
  readonly dataset: DatasetState;
  readonly on: Mount | null;
}

/** The declared dataset is none of this machine's, as far as that is known. */
export interface Absent extends At {
  readonly kind: 'absent';
  readonly dataset: string;
  readonly zfs: Zfs;
}

/** Several claim one mount point: `first` is mounted there, or null; each of `others` may be mounted there as well. */
export interface Claimed extends At {
  readonly kind: 'claimed';
  readonly first: string | null;
  readonly others: readonly DatasetState[];
}

export type Layer = Hidden | Unmounted | Absent | Claimed;

/** Of one declared path, the gravest first. */
export const layersAt = (declared: Declared, scene: Scene): Layer[] =>
  [
    ...absentAt(declared, scene),
    ...unmountedAt(declared, scene),
    ...hiddenAt(declared, scene),
    ...claimedAt(declared, scene),
  ].toSorted(byGravity);

export const byGravity = (one: { readonly harm: Harm }, other: { readonly harm: Harm }): number =>
  GRAVITY.indexOf(one.harm) - GRAVITY.indexOf(other.harm);

const GRAVITY: readonly Harm[] = ['whole', 'part', 'none'];

/** Where there is no ZFS at all the declaration is another machine's. */
function absentAt({ path, dataset }: Declared, { mounts, zfs }: Scene): Absent[] {
  if (dataset === null || (zfs.kind === 'told' && zfs.datasets.has(dataset)) || isMounted(dataset, mounts)) return [];
  return [{ kind: 'absent', at: path, harm: zfs.kind === 'none' ? 'none' : 'whole', dataset, zfs }];
}

function hiddenAt({ path, dataset, held }: Declared, scene: Scene): Hidden[] {
  const { mounts } = scene;
  const hide = (mount: Mount, by: Mount | null): Hidden[] => {
    const harm = harmAt(mount.path, path, mounts);
    if (harm === null || by === null || by.id === mount.id || isCover(mount)) return [];
    if (isSamePlace(placeIn(by, mount.path), placeIn(mount, mount.path))) return []; // the same once more hides nothing
    const right = harm === 'whole' && by.type === 'zfs' && by.source === dataset;
    return [{ kind: 'hidden', at: mount.path, harm: right ? 'none' : harm, mount, by, used: usedBy(mount, scene) }];
  };
  const known = mounts.all.flatMap((mount) => hide(mount, mounts.holderOf(mount.path)));
  const reckoned = mounts.holderOf(path);
  const led = held === null ? null : mounts.byId(held);
  return known.length > 0 || reckoned === null || led === null ? known : hide(reckoned, led);
}

/** Triggers of automounts are covered by what they mount: that is their purpose. */
const isCover = ({ type, path }: Mount): boolean => type === 'autofs' || path === '/';

const usedBy = ({ type, source }: Mount, { zfs }: Scene): number | null =>
  type === 'zfs' && zfs.kind === 'told' ? (zfs.datasets.get(source)?.used ?? null) : null;

/** What belongs at `point` matters to a path above or below it, but not where a mount deeper down holds that path. */
function harmAt(point: string, path: string, mounts: MountTable): 'whole' | 'part' | null {
  const how = concerns(point, path);
  const holder = mounts.holderOf(path);
  return how === 'whole' && holder !== null && contains(point, holder.path) ? null : how;
}

function unmountedAt({ path, dataset: declared }: Declared, scene: Scene): Unmounted[] {
  const { mounts } = scene;
  return datasetsOf(scene).flatMap((dataset): Unmounted[] => {
    const own = dataset.name === declared;
    if (isMounted(dataset.name, mounts)) return [];
    const at = mountpointOf(dataset) ?? (own ? path : '/');
    const harm = harmAt(at, path, mounts);
    // Whatever is mounted by hand only may lie there for good: a replica, another system to boot.
    if (harm === null || at === '/' || !(own || dataset.canmount === 'on')) return [];
    const on = mounts.holderOf(at);
    if (on?.path === at && !own) return []; // something else is mounted there: two claims
    return [{ kind: 'unmounted', at, harm, dataset, on }];
  });
}

/** Anywhere: the way to its mountpoint may lead through a link. */
const isMounted = (dataset: string, mounts: MountTable): boolean =>
  mounts.all.some(({ type, source, root }) => type === 'zfs' && source === dataset && root === '/');

/** Null where ZFS mounts nothing by itself. */
const mountpointOf = ({ mountpoint, canmount }: DatasetState): string | null =>
  mountpoint.startsWith('/') && canmount !== 'off' ? mountpoint : null;

function claimedAt({ path }: Declared, scene: Scene): Claimed[] {
  const { mounts } = scene;
  const waiting = datasetsOf(scene).filter((dataset) => mountpointOf(dataset) !== null && !isMounted(dataset.name, mounts));
  return [...Map.groupBy(waiting, ({ mountpoint }) => mountpoint)].flatMap(([at, others]): Claimed[] => {
    if (at === '/' || harmAt(at, path, mounts) === null) return [];
    const holder = mounts.holderOf(at);
    const first = holder?.path === at ? holder.source : null;
    return first === null && others.length === 1 ? [] : [{ kind: 'claimed', at, harm: 'none', first, others }];
  });
}
