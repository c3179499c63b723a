// What still keeps the base of a replication that is no longer declared: nothing will ever let go of it, and it takes room. Pure.

import { type Holds, sourceTag, targetOfBookmark, targetOfTag } from './replication-base.ts';
import { isSentTo, type Sent } from './replication-names.ts';

export interface Declared extends Sent {
  readonly name: string;
}

export interface Stray {
  readonly target: string;
  /** The target is declared, and these datasets are not sent there. */
  readonly isDeclared: boolean;
  /** Full names of snapshots, and of bookmarks with '#'. */
  readonly held: readonly string[];
  readonly bookmarks: readonly string[];
}

/** By target; `bookmarks`: full names. Those of other programs are not in it. */
export function strayKeepings(holds: Holds, bookmarks: readonly string[], targets: readonly Declared[]): Stray[] {
  const isSent = (target: string, dataset: string): boolean =>
    targets.some((each) => each.name === target && isSentTo(each, dataset));
  const held = [...holds].flatMap(([snapshot, tags]) => {
    const dataset = snapshot.slice(0, snapshot.indexOf('@'));
    return [...tags].flatMap((tag) => {
      const target = targetOfTag(tag);
      return target === null || isSent(target, dataset) ? [] : [{ target, snapshot }];
    });
  });
  const marked = bookmarks.flatMap((bookmark) => {
    const [dataset = '', name = ''] = bookmark.split('#');
    const target = targetOfBookmark(name);
    return target === null || isSent(target, dataset) ? [] : [{ target, bookmark }];
  });
  const names = new Set([...held, ...marked].map(({ target }) => target));
  return [...names].toSorted().map((target) => ({
    target,
    isDeclared: targets.some(({ name }) => name === target),
    held: held.filter((each) => each.target === target).map(({ snapshot }) => snapshot),
    bookmarks: marked.filter((each) => each.target === target).map(({ bookmark }) => bookmark),
  }));
}

/** What lets go of all of it; nothing but holds of that tag and these bookmarks. */
export const releaseCommands = ({ target, held, bookmarks }: Stray): (readonly string[])[] => [
  ...(held.length === 0 ? [] : [['zfs', 'release', sourceTag(target), ...held]]),
  ...bookmarks.map((bookmark) => ['zfs', 'destroy', bookmark]),
];
