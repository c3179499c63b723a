// zfs list of everything that a decision about snapshots rests on, in one call: datasets, snapshots and bookmarks below some roots.

import { duration } from '../../domain/duration.ts';
import type { ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { rowsOf, tryZfs, unexpected, type ZfsCommand, zfsFailure } from './ask.ts';
import { parseSnapshots, SNAPSHOT_COLUMNS } from './snapshots.ts';

export interface Inventory {
  /** File systems and volumes, by name. */
  readonly datasets: readonly string[];
  readonly snapshots: readonly ZfsSnapshot[];
  readonly bookmarks: readonly ZfsBookmark[];
  /** Roots that do not exist. */
  readonly missing: readonly string[];
}

export interface ZfsBookmark {
  readonly dataset: string;
  /** Without the dataset and '#'. */
  readonly name: string;
  /** Of the snapshot that it was made of. */
  readonly guid: string;
}

/** `properties`: of snapshots, native ones as well as those of users. */
export const inventoryArgs = (roots: readonly string[], properties: readonly string[]): readonly [string, ...string[]] => [
  'zfs',
  'list',
  '-Hp',
  '-t',
  'filesystem,volume,snapshot,bookmark',
  '-o',
  [...SNAPSHOT_COLUMNS, ...properties].join(','),
  '-s',
  'name',
  '-r',
  ...roots,
];

/** Throws `tool-output`. */
export function parseInventory(stdout: string, properties: readonly string[]): Omit<Inventory, 'missing'> {
  const snapshots: string[] = [];
  const datasets: string[] = [];
  const bookmarks: ZfsBookmark[] = [];
  for (const line of stdout.split('\n')) {
    const name = line.slice(0, line.indexOf('\t'));
    if (name.includes('@')) snapshots.push(line);
    else if (name.includes('#')) bookmarks.push(bookmarkOf(line));
    else if (name !== '') datasets.push(name);
  }
  return { datasets, bookmarks, snapshots: parseSnapshots(snapshots.join('\n'), properties) };
}

function bookmarkOf(line: string): ZfsBookmark {
  const [[full = '', guid] = []] = rowsOf(line);
  if (guid === undefined) throw unexpected('zfs list', [line]);
  const at = full.indexOf('#');
  return { dataset: full.slice(0, at), name: full.slice(at + 1), guid };
}

/** A pool with many snapshots takes its time; one that is suspended takes for ever. */
const LIMIT = duration(5, 'm');
const MISSING = /^cannot open '.+': (?:dataset does not exist|no such pool)/;

/** What it printed; that some of what was named is not there is no failure. */
async function listLenient(argv: readonly [string, ...string[]], subject: string, signal: AbortSignal): Promise<string> {
  const command: ZfsCommand = { argv, operation: 'list the snapshots of', subject };
  const result = await tryZfs(command, signal, LIMIT);
  const onlyMissing = result.stderrTail.length > 0 && result.stderrTail.every((line) => MISSING.test(line));
  if (result.exitCode !== 0 && !onlyMissing) throw zfsFailure(command, result);
  return result.stdout;
}

/** Throws as `askZfs`, and `tool-output`; roots that are not there are told, not thrown. */
export async function takeInventory(
  roots: readonly string[],
  properties: readonly string[],
  signal: AbortSignal,
): Promise<Inventory> {
  if (roots.length === 0) return { datasets: [], snapshots: [], bookmarks: [], missing: [] };
  const stdout = await listLenient(inventoryArgs(roots, properties), roots.join(', '), signal);
  const inventory = parseInventory(stdout, properties);
  const there = new Set(inventory.datasets);
  return { ...inventory, missing: roots.filter((root) => !there.has(root)) };
}

/** As many names as one command line takes, far below the kernel's limit. */
const NAMES_AT_ONCE = 500;

/** Of these snapshots, by their full names, those that exist. */
export async function findSnapshots(
  names: readonly string[],
  properties: readonly string[],
  signal: AbortSignal,
): Promise<ZfsSnapshot[]> {
  const columns = [...SNAPSHOT_COLUMNS, ...properties].join(',');
  const found: ZfsSnapshot[] = [];
  for (let from = 0; from < names.length; from += NAMES_AT_ONCE) {
    const some = names.slice(from, from + NAMES_AT_ONCE);
    const argv = ['zfs', 'list', '-Hp', '-t', 'snapshot', '-o', columns, ...some] as const;
    const stdout = await listLenient(argv, `${some.length} names`, signal); // oxlint-disable-line no-await-in-loop -- ZFS does one at a time
    found.push(...parseSnapshots(stdout, properties));
  }
  return found;
}

/** Full names of all snapshots of these datasets, not of those below. Only names: that is many times as fast. */
export async function snapshotNames(datasets: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (let from = 0; from < datasets.length; from += NAMES_AT_ONCE) {
    const some = datasets.slice(from, from + NAMES_AT_ONCE);
    const argv = ['zfs', 'list', '-H', '-t', 'snapshot', '-o', 'name', '-s', 'name', '-d', '1', ...some] as const;
    const stdout = await listLenient(argv, `${some.length} datasets`, signal); // oxlint-disable-line no-await-in-loop -- as above
    for (const name of stdout.split('\n')) if (name !== '') names.add(name);
  }
  return names;
}
