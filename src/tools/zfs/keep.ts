// Holds, bookmarks and names on either end: what keeps the base of a replication. The only thing destroyed here is a bookmark.

import { duration } from '../../domain/duration.ts';
import type { Holds } from '../../domain/replication-base.ts';
import { rowsOf, unexpected } from './ask.ts';
import { askAt, HERE, type ZfsEnd } from './end.ts';
import { holdArgs } from './snapshots.ts';
import { abandonArgs } from './stream.ts';

type Argv = readonly [string, ...string[]];

const LIMIT = duration(5, 'm');
const change = async (end: ZfsEnd, operation: string, subject: string, argv: Argv, signal: AbortSignal): Promise<void> =>
  void (await askAt(end, { argv, operation, subject }, signal, LIMIT));

/** Of these snapshots, by full name. */
export const holdsArgs = (snapshots: readonly string[]): Argv => ['zfs', 'holds', '-H', ...snapshots];

/** By full name of a snapshot, the tags on it. */
export function parseHolds(stdout: string): Holds {
  const all = new Map<string, Set<string>>();
  for (const row of rowsOf(stdout)) {
    const [name, tag] = row;
    if (name === undefined || tag === undefined) throw unexpected('zfs holds', row);
    all.set(name, (all.get(name) ?? new Set()).add(tag));
  }
  return all;
}

/** As many names as one line of a shell takes on the other machine. */
const AT_ONCE = 500;
function* batchesOf(names: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < names.length; from += AT_ONCE) yield names.slice(from, from + AT_ONCE);
}

export async function listHolds(end: ZfsEnd, snapshots: readonly string[], signal: AbortSignal): Promise<Holds> {
  const all = new Map<string, ReadonlySet<string>>();
  for (const some of batchesOf(snapshots)) {
    const command = { argv: holdsArgs(some), operation: 'list the holds of', subject: subjectOf(some) };
    const held = parseHolds(await askAt(end, command, signal, LIMIT)); // oxlint-disable-line no-await-in-loop -- ZFS does one at a time
    for (const [name, tags] of held) all.set(name, tags);
  }
  return all;
}

/** Full names; nothing is done where there are none. */
export async function changeHolds(
  end: ZfsEnd,
  what: 'hold' | 'release',
  tag: string,
  snapshots: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const some of batchesOf(snapshots)) await change(end, what, subjectOf(some), holdArgs(what, tag, some), signal); // oxlint-disable-line no-await-in-loop -- as above
}

/** Hundreds of names tell nobody anything. */
const subjectOf = ([first = '', ...others]: readonly string[]): string =>
  others.length === 0 ? first : `${first} and ${others.length} more`;

/** Of a snapshot of this machine, by its full name; `name` without the dataset and '#'. */
export const bookmarkArgs = (snapshot: string, name: string): Argv => [
  'zfs',
  'bookmark',
  snapshot,
  `${snapshot.slice(0, snapshot.indexOf('@'))}#${name}`,
];

export const makeBookmark = (snapshot: string, name: string, signal: AbortSignal): Promise<void> =>
  change(HERE, 'bookmark', snapshot, bookmarkArgs(snapshot, name), signal);

/** Never anything but a bookmark: its name has a '#'. */
export const forgetArgs = (dataset: string, bookmark: string): Argv => ['zfs', 'destroy', `${dataset}#${bookmark}`];

export const forgetBookmark = (dataset: string, bookmark: string, signal: AbortSignal): Promise<void> =>
  change(HERE, 'destroy', `${dataset}#${bookmark}`, forgetArgs(dataset, bookmark), signal);

/** With all that is above it; none of them is ever mounted. */
export const holderArgs = (dataset: string): Argv => ['zfs', 'create', '-p', '-o', 'canmount=off', dataset];

export const makeHolder = (end: ZfsEnd, dataset: string, signal: AbortSignal): Promise<void> =>
  change(end, 'create', dataset, holderArgs(dataset), signal);

export const abandonReceive = (end: ZfsEnd, dataset: string, signal: AbortSignal): Promise<void> =>
  change(end, 'drop what is half received of', dataset, abandonArgs(dataset), signal);

/** `-u`: what is mounted stays as it is. */
export const renameArgs = (dataset: string, name: string): Argv => ['zfs', 'rename', '-u', dataset, name];

export const renameDataset = (end: ZfsEnd, dataset: string, name: string, signal: AbortSignal): Promise<void> =>
  change(end, 'rename', dataset, renameArgs(dataset, name), signal);
