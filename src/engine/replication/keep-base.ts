// Keeps the newest common snapshot of both sides until there is a newer one, and lets go of the older: holds first, then the bookmark,
// so that where the bookmark is everything before it was done, and old ones show what was not.

import { type Base, type Bookmark, newestCommon } from '../../domain/replication.ts';
import {
  bookmarkName,
  type Holds,
  keepAtSource,
  keepAtTarget,
  sourceTag,
  targetTag,
} from '../../domain/replication-base.ts';
import { fullName, type ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { HERE, type ZfsEnd } from '../../tools/zfs/end.ts';
import { changeHolds, forgetBookmark, listHolds, makeBookmark } from '../../tools/zfs/keep.ts';
import type { Pair } from './observe.ts';

export interface Keepers {
  readonly host: string;
  readonly target: string;
  readonly end: ZfsEnd;
}

const heldOf = (end: ZfsEnd, snapshots: readonly ZfsSnapshot[], signal: AbortSignal): Promise<Holds> =>
  listHolds(end, snapshots.filter(({ holds }) => holds > 0).map(fullName), signal);

/** Whether nothing is left to do for this base. */
export function isKept({ bookmarks }: { readonly bookmarks: readonly Bookmark[] }, base: Base, target: string): boolean {
  const name = bookmarkName(target, base.point);
  const ours = keepAtSource(base, { snapshots: [], bookmarks }, new Map(), target);
  return bookmarks.some((each) => each.name === name) && ours.forget.length === 0;
}

/** Throws as `askAt`. */
export async function keepBase(
  { source, target }: Pair,
  { host, target: name, end }: Keepers,
  signal: AbortSignal,
): Promise<void> {
  const base = newestCommon(source, target);
  if (base === null) return;
  const [here, there] = await Promise.all([heldOf(HERE, source.snapshots, signal), heldOf(end, target.snapshots, signal)]);
  const atSource = keepAtSource(base, source, here, name);
  const atTarget = keepAtTarget(base.at, target.snapshots, there, host);
  await changeHolds(HERE, 'hold', sourceTag(name), atSource.hold, signal);
  await changeHolds(end, 'hold', targetTag(host), atTarget.hold, signal);
  if (atSource.bookmark !== null) await makeBookmark(fullName(base.point), atSource.bookmark, signal);
  await changeHolds(HERE, 'release', sourceTag(name), atSource.release, signal);
  await changeHolds(end, 'release', targetTag(host), atTarget.release, signal);
  for (const bookmark of atSource.forget) await forgetBookmark(source.dataset, bookmark, signal); // oxlint-disable-line no-await-in-loop -- one, seldom two
}

/**
 * What is about to be sent must not go meanwhile, nor before a stream that broke has gone on: also what is between, for where it
 * arrived it is what both sides have. Answers false where some of it went just now: then what there is has to be looked at again.
 */
export async function holdForSending(
  source: Pair['source'],
  snapshots: readonly ZfsSnapshot[],
  target: string,
  signal: AbortSignal,
): Promise<boolean> {
  const tag = sourceTag(target);
  const held = await heldOf(HERE, source.snapshots, signal);
  const missing = snapshots.map(fullName).filter((name) => !held.get(name)?.has(tag));
  try {
    await changeHolds(HERE, 'hold', tag, missing, signal);
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && error.message.includes('does not exist')) return false;
    throw error;
  }
}
