// What makes declared datasets as they are declared: pure, from what ZFS and the mountpoints say. Nothing is ever destroyed; what
// cannot be done, or would hide or cut off data, is an obstacle with a way out. One file, because its parts make one decision.

import {
  ancestorsOf,
  CREATE_ONLY,
  type DatasetState,
  type DeclaredDataset,
  INHERIT,
  inheritedMountpoint,
  isSameValue,
  parentOf,
  poolOf,
  type PoolState,
  type PropertySource,
  type PropertyState,
} from './dataset.ts';

/** What a mountpoint is before anything is changed. */
export type DirectoryState =
  | { readonly kind: 'absent' | 'empty' | 'data' }
  /** Something is mounted there: a dataset by its name, or whatever mountinfo says. */
  | { readonly kind: 'mounted'; readonly source: string };

/** Whose the directory is that is to be seen there. */
export interface Ownership {
  readonly uid: number;
  /** Null: the number has no name here. */
  readonly user: string | null;
  readonly gid: number;
  readonly group: string | null;
  /** '0750' */
  readonly mode: string;
}

/** Everything that a decision rests on. */
export interface StorageSeen {
  readonly pools: ReadonlyMap<string, PoolState>;
  readonly datasets: ReadonlyMap<string, DatasetState>;
  /** Of those that are declared and exist. */
  readonly properties: ReadonlyMap<string, ReadonlyMap<string, PropertyState>>;
  /** Of the declared mountpoints: by the path. */
  readonly directories: ReadonlyMap<string, DirectoryState>;
  /** Of the mountpoints of declared datasets that are mounted: by the path. */
  readonly ownership: ReadonlyMap<string, Ownership>;
}

/** What is to be done to one dataset. */
export type DatasetChange =
  | { readonly kind: 'create'; readonly properties: Readonly<Record<string, string>> }
  | { readonly kind: 'set'; readonly property: string; readonly value: string; readonly was: PropertyState | null }
  | { readonly kind: 'inherit'; readonly property: string; readonly was: PropertyState }
  | { readonly kind: 'mount' }
  | { readonly kind: 'own'; readonly owner: string | null; readonly group: string | null; readonly was: string | null }
  | { readonly kind: 'mode'; readonly mode: string; readonly was: string | null };

/** Why nothing is done to it. */
export interface Obstacle {
  /** The property that it is about; null for the dataset as a whole. */
  readonly property: string | null;
  readonly message: string;
  readonly hint: string;
}

export interface DatasetDecision {
  readonly dataset: string;
  /** Null: it only holds others. */
  readonly service: string | null;
  readonly mountpoint: string | null;
  /** In the order in which they are made; none are made where there is an obstacle. */
  readonly changes: readonly DatasetChange[];
  readonly obstacles: readonly Obstacle[];
}

/** One for each declared dataset, and for those that must be made to hold them; what is above comes first. */
export function decideDatasets(declared: readonly DeclaredDataset[], seen: StorageSeen): DatasetDecision[] {
  const names = new Set(declared.map(({ name }) => name));
  const holders = [...new Set(declared.flatMap(({ name }) => ancestorsOf(name)))].filter(
    (name) => !names.has(name) && !seen.datasets.has(name) && name.includes('/') && seen.pools.has(poolOf(name)),
  );
  const decisions = [
    ...holders.map((name): DatasetDecision => ({ ...holder(name, seen), dataset: name, service: null, mountpoint: null })),
    ...declared.map((each): DatasetDecision => {
      const { name: dataset, service, mountpoint } = each;
      return { dataset, service, mountpoint, ...decide(each, declared, seen) };
    }),
  ];
  return decisions.toSorted((one, other) => (one.dataset < other.dataset ? -1 : 1));
}

type Verdict = Pick<DatasetDecision, 'changes' | 'obstacles'>;

/** It mounts nothing itself. */
const holder = (name: string, seen: StorageSeen): Verdict => ({
  changes: [{ kind: 'create', properties: { canmount: 'off' } }],
  obstacles: [...poolObstacles(name, seen), ...keyObstacles(name, seen)],
});

function decide(declared: DeclaredDataset, all: readonly DeclaredDataset[], seen: StorageSeen): Verdict {
  const state = seen.datasets.get(declared.name);
  if (!state) return creation(declared, all, seen);
  if (state.type === 'volume') {
    const message = `${declared.name} is a volume: it has no files`;
    return { changes: [], obstacles: [{ property: null, message, hint: 'Declare another name for the dataset.' }] };
  }
  const found = properties(declared, seen);
  const place = placing(declared, state, all, seen);
  const isSeen = state.mounted || mounts(declared);
  const changes = [...found.changes, ...place.changes, ...(isSeen ? ownership(declared, seen) : [])];
  const blocked = changes.length > 0 ? poolObstacles(declared.name, seen) : [];
  return { changes, obstacles: [...blocked, ...found.obstacles, ...place.obstacles] };
}

function creation(declared: DeclaredDataset, all: readonly DeclaredDataset[], seen: StorageSeen): Verdict {
  const { name, mountpoint, owner, group, mode } = declared;
  const own = Object.entries(declared.properties).filter(([, value]) => value !== INHERIT);
  const isMounted = mounts(declared); // else its mountpoint is a directory of something else
  const given = inheritedMountpoint(name, mountpointAbove(name, all, seen)) === mountpoint ? {} : { mountpoint };
  return {
    changes: [
      { kind: 'create', properties: { ...given, ...Object.fromEntries(own) } },
      ...(isMounted && (owner !== null || group !== null) ? [{ kind: 'own', owner, group, was: null } as const] : []),
      ...(isMounted && mode !== null ? [{ kind: 'mode', mode, was: null } as const] : []),
    ],
    obstacles: [
      ...poolObstacles(name, seen),
      ...keyObstacles(name, seen),
      ...(isMounted ? mountObstacles(declared, seen) : []),
    ],
  };
}

/** That of the dataset above when everything declared is done. A holder has the one that it inherits. */
function mountpointAbove(name: string, all: readonly DeclaredDataset[], seen: StorageSeen): string | null {
  const parent = parentOf(name);
  if (parent === null) return null;
  const existing = seen.datasets.get(parent);
  const declared = all.find((each) => each.name === parent);
  if (existing && (declared === undefined || declared.service === null)) return existing.mountpoint;
  return declared?.mountpoint ?? inheritedMountpoint(parent, mountpointAbove(parent, all, seen));
}

function properties({ name, service, properties: wanted }: DeclaredDataset, seen: StorageSeen): Verdict {
  const actual = seen.properties.get(name) ?? new Map<string, PropertyState>();
  const changes: DatasetChange[] = [];
  const obstacles: Obstacle[] = [];
  for (const [property, value] of Object.entries(wanted)) {
    if (property === 'canmount') continue; // with the mountpoint
    const was = actual.get(property) ?? null;
    if (value === INHERIT) {
      if (was && isOwn(was.source)) changes.push({ kind: 'inherit', property, was });
    } else if (CREATE_ONLY.has(property)) {
      if (was && !isSameValue(property, value, was.value)) obstacles.push(fixed(property, value, was.value, service));
    } else if (was?.source.kind !== 'local' || !isSameValue(property, value, was.value)) {
      changes.push({ kind: 'set', property, value, was: was?.value === '-' ? null : was });
    }
  }
  return { changes, obstacles };
}

const isOwn = ({ kind }: PropertySource): boolean => kind === 'local' || kind === 'received';

const fixed = (property: string, value: string, was: string, service: string | null): Obstacle => ({
  property,
  message: `${property} is ${was} and cannot become ${value}: it is fixed when a dataset is made`,
  hint: `${service === null ? 'Make a new dataset with it beside this one, move the data over, and rename both' : `Have it made anew: holdfast migrate ${service} tells how`}; or declare what it is.`,
});

/** Where it is mounted, and that it is. */
function placing(
  declared: DeclaredDataset,
  state: DatasetState,
  all: readonly DeclaredDataset[],
  seen: StorageSeen,
): Verdict {
  const { mountpoint, service } = declared;
  const changes: DatasetChange[] = [];
  const was = (property: string): PropertyState | null => seen.properties.get(declared.name)?.get(property) ?? null;
  const stays = service === null; // whatever holds the others is where somebody put it
  const canmount = declared.properties['canmount'] ?? (stays ? state.canmount : 'on');
  if (canmount !== state.canmount)
    changes.push({ kind: 'set', property: 'canmount', value: canmount, was: was('canmount') });
  const source = was('mountpoint')?.source.kind;
  const leaves =
    source === 'inherited' && inheritedMountpoint(state.name, mountpointAbove(state.name, all, seen)) !== mountpoint;
  const moves = !stays && (state.mountpoint !== mountpoint || leaves);
  if (moves) changes.push({ kind: 'set', property: 'mountpoint', value: mountpoint, was: was('mountpoint') });
  const isToBe = canmount === 'on' && (moves || !state.mounted) && !(stays && !state.mountpoint.startsWith('/'));
  const at = stays ? state.mountpoint : mountpoint;
  if (!isToBe) return { changes, obstacles: state.mounted && !moves ? hiddenObstacles(declared.name, at, seen) : [] };
  const mount: DatasetChange[] = state.mounted ? [] : [{ kind: 'mount' }];
  return {
    changes: [...changes, ...mount],
    obstacles: [
      ...keyObstacles(declared.name, seen),
      ...mountObstacles({ name: declared.name, mountpoint: at, service }, seen),
    ],
  };
}

const mounts = ({ properties: { canmount } }: DeclaredDataset): boolean => canmount !== 'off' && canmount !== 'noauto';

function ownership(declared: DeclaredDataset, seen: StorageSeen): DatasetChange[] {
  const { mountpoint, owner, group, mode } = declared;
  const is = seen.ownership.get(mountpoint) ?? null;
  const differs = (wanted: string | null, name: string | null | undefined, id: number | undefined): boolean =>
    wanted !== null && wanted !== name && wanted !== String(id);
  return [
    ...(differs(owner, is?.user, is?.uid) || differs(group, is?.group, is?.gid)
      ? [{ kind: 'own', owner, group, was: is && `${is.user ?? is.uid}:${is.group ?? is.gid}` } as const]
      : []),
    ...(mode !== null && mode !== is?.mode ? [{ kind: 'mode', mode, was: is?.mode ?? null } as const] : []),
  ];
}

function poolObstacles(name: string, { pools }: StorageSeen): Obstacle[] {
  const pool = poolOf(name);
  const state = pools.get(pool);
  const obstacle = (message: string, hint: string): Obstacle[] => [{ property: null, message, hint }];
  if (!state)
    return obstacle(
      `the pool ${pool} is not imported`,
      `See which pools there are: zpool import; then: zpool import ${pool}`,
    );
  if (state.health === 'SUSPENDED')
    return obstacle(
      `the pool ${pool} is suspended`,
      `See \`zpool status ${pool}\`; when its disks are back: zpool clear ${pool}`,
    );
  if (state.readOnly)
    return obstacle(
      `the pool ${pool} is imported read-only`,
      `Import it again without -o readonly=on: zpool export ${pool}; zpool import ${pool}`,
    );
  return [];
}

/** Its own, or that of the nearest dataset above it that exists. */
function keyObstacles(name: string, { datasets }: StorageSeen): Obstacle[] {
  const nearest = [name, ...ancestorsOf(name).toReversed()].find((each) => datasets.has(each));
  const root = nearest === undefined ? null : (datasets.get(nearest)?.lockedBy ?? null);
  return root === null
    ? []
    : [{ property: null, message: `the encryption key of ${root} is not loaded`, hint: `Load it: zfs load-key ${root}` }];
}

/** Mounting over something would hide it. */
function mountObstacles(
  { name, mountpoint, service }: Pick<DeclaredDataset, 'name' | 'mountpoint' | 'service'>,
  seen: StorageSeen,
): Obstacle[] {
  const directory = seen.directories.get(mountpoint);
  const rival = [...seen.datasets.values()].find(
    (other) => other.name !== name && other.mountpoint === mountpoint && other.canmount !== 'off',
  );
  if (directory?.kind === 'mounted' && directory.source !== name) {
    const message = `${directory.source} is mounted at ${mountpoint}, and would be hidden`;
    return [{ property: 'mountpoint', message, hint: `Decide which of the two belongs there: findmnt ${mountpoint}` }];
  }
  if (rival) {
    const message = `${rival.name} has the mountpoint ${mountpoint}, too: one would hide the other`;
    return [{ property: 'mountpoint', message, hint: `Give it another, or none: zfs set mountpoint=none ${rival.name}` }];
  }
  if (directory?.kind !== 'data') return [];
  return [
    {
      property: 'mountpoint',
      message: `there are files in ${mountpoint}, which would be hidden`,
      hint:
        service === null
          ? `Move them aside (mv ${mountpoint} ${mountpoint}.before), apply again, and move them into the dataset (cp -a).`
          : `Have them moved into it, with a way back: holdfast migrate ${service}`,
    },
  ];
}

/** ZFS says that it is mounted; who opens its mountpoint may see something else. */
function hiddenObstacles(name: string, at: string, { directories }: StorageSeen): Obstacle[] {
  const there = directories.get(at);
  if (there === undefined || (there.kind === 'mounted' && there.source === name)) return [];
  const instead = there.kind === 'mounted' ? `: ${there.source} is` : '';
  const message = `it is mounted, and not what is seen at ${at}${instead}`;
  const hint = `Something lies over it or over what it is in: findmnt -T ${at}; unmount that, or mount both again in their order.`;
  return [{ property: 'mountpoint', message, hint }];
}

export interface Orphan {
  readonly dataset: string;
  /** Bytes. */
  readonly used: number;
  /** An absolute path, `none` or `legacy`. */
  readonly mountpoint: string;
  readonly mounted: boolean;
}

/** Below the parent, of no service and around none. The uppermost of a tree stands for it. */
export function orphans(declared: readonly DeclaredDataset[], datasets: ReadonlyMap<string, DatasetState>): Orphan[] {
  const parent = declared.find(({ service }) => service === null)?.name;
  if (parent === undefined) return [];
  const owned = declared.filter(({ service }) => service !== null).map(({ name }) => name);
  const isOwned = (name: string): boolean =>
    owned.some((each) => each === name || each.startsWith(`${name}/`) || name.startsWith(`${each}/`));
  const left = [...datasets.values()].filter(({ name }) => name.startsWith(`${parent}/`) && !isOwned(name));
  return left
    .filter(({ name }) => !left.some((other) => name.startsWith(`${other.name}/`)))
    .map(({ name, used, mountpoint, mounted }) => ({ dataset: name, used, mountpoint, mounted }));
}
