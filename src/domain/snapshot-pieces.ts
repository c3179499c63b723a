// What is seen at the declared paths of a service, piece by piece: which directory of which dataset or subvolume is seen where. Pure:
// from the kernel's list of mounts, and what a file system says of its subvolumes.

import { below, contains, isWithin } from '../lib/path.ts';
import { type Mount, type MountTable, placeIn } from './mount.ts';

/** What one mounted file system shows of a declared path. */
export interface Part {
  /** Where it is seen: a declared path, or a mount point below one. Absolute, normalised, without links. */
  readonly at: string;
  readonly mount: Mount;
}

/** A directory that can be seen in a snapshot instead. */
export interface Piece {
  readonly at: string;
  /** The dataset, or where the subvolume is seen; null where nothing changes anyway (a snapshot, a read-only subvolume). */
  readonly origin: string | null;
  /** What of the origin is seen there: '' for all of it, or 'a/b'. */
  readonly directory: string;
}

/** A declared path without links, and the id of the mount that the kernel led into; null when it does not say. */
export interface LedPath {
  readonly path: string;
  readonly mount: number | null;
}

/** All that restic sees when it reads these paths; what is mounted deeper comes later. */
export function partsAt(paths: readonly LedPath[], mounts: MountTable): Part[] {
  const parts = new Map<string, Part>();
  for (const { path, mount: id } of paths) {
    const mount = id === null ? mounts.holderOf(path) : mounts.byId(id);
    if (mount) parts.set(path, { at: path, mount });
    for (const inner of mounts.all)
      if (contains(path, inner.path) && mounts.isSeen(inner)) parts.set(inner.path, { at: inner.path, mount: inner });
  }
  return [...parts.values()].toSorted(byPlace);
}

/** The outer before the inner. */
export const byPlace = (one: { readonly at: string }, other: { readonly at: string }): number =>
  one.at < other.at ? -1 : one.at > other.at ? 1 : 0;

/** Whether both are the same places in the same file systems. */
export const sameParts = (some: readonly Part[], others: readonly Part[]): boolean =>
  JSON.stringify(some.map(placeOf)) === JSON.stringify(others.map(placeOf));

const placeOf = ({ at, mount }: Part): unknown => [at, mount.source, placeIn(mount, at)];

/** The piece of a dataset: it is never more than one. */
export function datasetPiece({ at, mount }: Part): Piece {
  const { directory } = placeIn(mount, at);
  const frozen = mount.source.includes('@');
  return { at, origin: frozen ? null : mount.source, directory: below('/', directory) };
}

/** A subvolume by its path from the top of its file system; '' is the top itself. */
export interface Subvolume {
  readonly tree: string;
  readonly readOnly: boolean;
}

/** Where temporary snapshots of a subvolume are, in it. */
export const SNAPSHOT_DIRECTORY = '.holdfast-snapshots';

/**
 * The pieces of a part of btrfs: the subvolume that holds it, and those inside of it, which a snapshot shows as empty
 * directories. Null where the mount does not show the whole of a subvolume: then it cannot be named.
 */
export function subvolumePieces({ at, mount }: Part, subvolumes: readonly Subvolume[], mounts: MountTable): Piece[] | null {
  const place = below('/', placeIn(mount, at).directory);
  const root = below('/', mount.root);
  const holds = (tree: string, inner: string): boolean => tree === '' || isWithin(tree, inner);
  const own = subvolumes
    .filter(({ tree }) => holds(tree, place))
    .toSorted((one, other) => other.tree.length - one.tree.length)[0];
  const seenAt = (tree: string): string =>
    [mount.path === '/' ? '' : mount.path, below(root, tree)].join('/').replace(/(?<=.)\/$/, '');
  if (!own || !holds(root, own.tree) || mounts.holderOf(seenAt(own.tree))?.id !== mount.id) return null;
  const inner = subvolumes.filter(
    ({ tree }) =>
      tree !== own.tree &&
      holds(place, tree) &&
      !tree.split('/').includes(SNAPSHOT_DIRECTORY) &&
      mounts.holderOf(seenAt(tree))?.id === mount.id,
  );
  return [
    pieceOf(own, at, seenAt(own.tree), below(own.tree, place)),
    ...inner.map((each) => pieceOf(each, seenAt(each.tree), seenAt(each.tree), '')),
  ].toSorted(byPlace);
}

const pieceOf = ({ readOnly }: Subvolume, at: string, seen: string, directory: string): Piece => ({
  at,
  origin: readOnly ? null : seen,
  directory,
});
