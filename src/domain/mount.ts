// Mounts of one namespace, and which of them a path leads into: the kernel's own walk, from ids and parents. The order of the
// lines, or the longest mount point, tells it wrong as soon as something is mounted over an ancestor.

import { below, contains, isWithin } from '../lib/path.ts';

export interface Mount {
  readonly id: number;
  /** The mount that it was put on. */
  readonly parent: number;
  /** '8:1': of the file system. */
  readonly device: string;
  /** The directory of that file system which is seen at `path`; '/' but for binds and subvolumes. */
  readonly root: string;
  /** Absolute. */
  readonly path: string;
  readonly readOnly: boolean;
  /** 'ext4', 'nfs4', ... */
  readonly type: string;
  /** '/dev/sdb1', 'nas:/volume1/backup', 'tank/persist', ... */
  readonly source: string;
}

/** One place in one file system, however many paths lead to it. */
export interface Place {
  readonly device: string;
  readonly directory: string;
}

export class MountTable {
  readonly all: readonly Mount[];
  readonly #byId: ReadonlyMap<number, Mount>;
  readonly #onMount: ReadonlyMap<number | null, readonly Mount[]>;

  constructor(all: readonly Mount[]) {
    this.all = all;
    this.#byId = new Map(all.map((mount) => [mount.id, mount]));
    this.#onMount = Map.groupBy(all, (mount) => this.parentOf(mount)?.id ?? null);
  }

  byId(id: number): Mount | null {
    return this.#byId.get(id) ?? null;
  }

  /** Null for the outermost, whose parent this namespace does not know. */
  parentOf({ id, parent }: Mount): Mount | null {
    return parent === id ? null : this.byId(parent);
  }

  /** The mount that somebody ends in who opens this normalised path without links; null in an empty table. */
  holderOf(path: string): Mount | null {
    let holder = this.#mountedOn(null, '/'); // what was mounted over a process's root later, it never sees
    for (const point of waypoints(path)) {
      for (let next = this.#mountedOn(holder, point); next !== null; next = this.#mountedOn(holder, point)) holder = next;
    }
    return holder;
  }

  /** Nothing is mounted over it, nor over a directory above it. */
  isSeen(mount: Mount): boolean {
    return this.holderOf(mount.path)?.id === mount.id;
  }

  #mountedOn(mount: Mount | null, path: string): Mount | null {
    return this.#onMount.get(mount?.id ?? null)?.find((each) => each.path === path) ?? null;
  }
}

/** '/a/b': '/a', '/a/b'. */
const waypoints = (path: string): string[] =>
  path.split('/').flatMap((name, index, names) => (name === '' ? [] : [names.slice(0, index + 1).join('/')]));

/** Where `path`, which `mount` holds, lies in its file system. */
export const placeIn = ({ device, root, path: point }: Mount, path: string): Place => ({
  device,
  directory: `${root === '/' ? '' : root}/${below(point, path)}`.replace(/(?<=.)\/$/, ''),
});

export const isSamePlace = (one: Place, other: Place): boolean =>
  one.device === other.device && one.directory === other.directory;

/** Whether what is mounted at `point` lies on the way to the data at `path` (`whole`) or inside of it (`part`). */
export function concerns(point: string, path: string): 'whole' | 'part' | null {
  if (isWithin(point, path)) return 'whole';
  return contains(path, point) ? 'part' : null;
}
