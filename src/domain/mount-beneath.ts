// Directories that lie beneath a mount: what is in them nobody sees, and whoever wrote it there has lost it.

import { below, isWithin } from '../lib/path.ts';
import { concerns, isSamePlace, type Mount, type MountTable, placeIn } from './mount.ts';

/** A directory that is to be looked at without the mount that covers it. */
export interface Covered {
  readonly at: string;
  readonly mount: Mount;
  /** Holds the directory, and is seen itself at its own mount point. */
  readonly on: Mount;
  /** What of it is a service's: '' for all of it, or relative to the mount point of `on`. */
  readonly directory: string;
}

export interface Measured {
  readonly files: number;
  readonly bytes: number;
  /** There are more than were counted. */
  readonly more: boolean;
}

/** Files that are hidden by what is mounted over them. */
export interface Beneath extends Covered {
  readonly kind: 'beneath';
  readonly harm: 'none';
  readonly measured: Measured;
}

/** What covers something of this normalised path. Those that are not seen themselves are told as hidden. */
export const coveredAt = (path: string, mounts: MountTable): Covered[] =>
  mounts.all.flatMap((mount): Covered[] => {
    const { path: at } = mount;
    if (at === '/' || IRRELEVANT.has(mount.type) || concerns(at, path) === null || !mounts.isSeen(mount)) return [];
    const on = carrierOf(mount, mounts);
    if (on === null || !mounts.isSeen(on)) return [];
    if (isSamePlace(placeIn(on, at), placeIn(mount, at))) return [];
    return [{ at, mount, on, directory: below(on.path, isWithin(at, path) ? path : at) }];
  });

/** What an overlay covers is a part of it; a trigger covers nothing by itself. */
const IRRELEVANT: ReadonlySet<string> = new Set(['overlay', 'autofs']);

/** Through the trigger of an automount. */
function carrierOf(mount: Mount, mounts: MountTable): Mount | null {
  const on = mounts.parentOf(mount);
  return on?.type === 'autofs' && on.path === mount.path ? carrierOf(on, mounts) : on;
}
