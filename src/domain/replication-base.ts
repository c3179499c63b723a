// What keeps the base of a replication on both sides until there is a newer one: a hold of our own tag and a bookmark of our own name.
// Decided from what is there, so that what a crash left is taken back by the next run. Nothing of others is ever released. Pure.

import { type Base, type Bookmark, isOfSyncoid } from './replication.ts';
import { fullName, type ZfsSnapshot } from './zfs-snapshot.ts';

/** On snapshots of the source. */
export const sourceTag = (target: string): string => `holdfast:to:${target}`;
/** On snapshots of the replica. */
export const targetTag = (host: string): string => `holdfast:from:${host}`;

const bookmarkPrefix = (target: string): string => `holdfast:${target}:`;
/** Of which target it is; null: it is none of ours. */
export const targetOfTag = (tag: string): string | null => /^holdfast:to:(.+)$/.exec(tag)?.[1] ?? null;
export const targetOfBookmark = (name: string): string | null => /^holdfast:(.+):\d+$/.exec(name)?.[1] ?? null;
/** Without the dataset and '#'. */
export const bookmarkName = (target: string, { guid }: Pick<Bookmark, 'guid'>): string => `${bookmarkPrefix(target)}${guid}`;
const isOurs = ({ name }: Bookmark, target: string): boolean =>
  name.startsWith(bookmarkPrefix(target)) && /^\d+$/.test(name.slice(bookmarkPrefix(target).length));

/** By full name of a snapshot, the tags of the holds on it. */
export type Holds = ReadonlyMap<string, ReadonlySet<string>>;

export interface Keeping {
  readonly bookmark: string | null;
  readonly hold: readonly string[];
  readonly release: readonly string[];
  /** Bookmarks, without the dataset and '#'. */
  readonly forget: readonly string[];
}

/** `base`: what both sides have. Those of syncoid are not held: it destroys its own, and says so loudly when it cannot. */
export function keepAtSource(
  base: Base,
  { snapshots, bookmarks }: { readonly snapshots: readonly ZfsSnapshot[]; readonly bookmarks: readonly Bookmark[] },
  holds: Holds,
  target: string,
): Keeping {
  const name = bookmarkName(target, base.point);
  const known = bookmarks.some((each) => each.name === name);
  return {
    bookmark: known || base.snapshot === null ? null : name,
    ...tagged(base.snapshot, snapshots, holds, sourceTag(target)),
    forget: bookmarks.filter((each) => isOurs(each, target) && each.guid !== base.point.guid).map((each) => each.name),
  };
}

export const keepAtTarget = (
  base: ZfsSnapshot,
  snapshots: readonly ZfsSnapshot[],
  holds: Holds,
  host: string,
): Pick<Keeping, 'hold' | 'release'> => tagged(base, snapshots, holds, targetTag(host));

function tagged(
  base: ZfsSnapshot | null,
  snapshots: readonly ZfsSnapshot[],
  holds: Holds,
  tag: string,
): Pick<Keeping, 'hold' | 'release'> {
  const hasTag = (snapshot: ZfsSnapshot): boolean => holds.get(fullName(snapshot))?.has(tag) ?? false;
  return {
    hold: base === null || isOfSyncoid(base) || hasTag(base) ? [] : [fullName(base)],
    release: snapshots.filter((each) => each.guid !== base?.guid && hasTag(each)).map(fullName),
  };
}
