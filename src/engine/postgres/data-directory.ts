// What is in the data directory of a PostgreSQL server, told from PG_VERSION and global/pg_control alone: never from a marker,
// which `rm -rf DIR/*` leaves where it is, and never from the directory's being there. Nothing here changes anything.

import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { quote } from '../../lib/shell-word.ts';
import { type ControlData, controlData } from '../../tools/postgresql/control-data.ts';
import { serverPrograms } from '../../tools/postgresql/programs.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';

/**
 * - `absent`: nothing has that name.
 * - `empty`: a directory in which nothing is but what a file system or `rm -rf DIR/*` leaves.
 * - `valid`: the whole of a cluster, whose control file says which one it is.
 * - `partial`: something of a cluster, or something else: no server may start on it, and none may be made in its place.
 * - `unknown`: it could not be looked at. Nothing follows from that.
 */
export type DataDirectory =
  | { readonly state: 'absent' }
  | { readonly state: 'empty'; readonly owner: Owner; readonly mode: number }
  | ValidDirectory
  | { readonly state: 'partial'; readonly why: string }
  | { readonly state: 'unknown'; readonly why: string; readonly cause: HoldfastError | null };

export interface ValidDirectory {
  readonly state: 'valid';
  /** As PG_VERSION has it: `15`, or `9.6`. */
  readonly major: string;
  readonly control: ControlData;
  readonly owner: Owner;
  /** Permission bits: a server starts with 0700 and 0750 only. */
  readonly mode: number;
  /** Where its log really is, where that is not inside. */
  readonly wal: string | null;
  /** Where its tablespaces are, by their number. */
  readonly tablespaces: ReadonlyMap<string, string>;
  /** Of both: what is not there, so that something is not mounted, or lost. */
  readonly missing: readonly string[];
}

/** What pgBackRest keeps there while it restores: the manifest until all is written, the control file under this name after that. */
const RESTORING = ['backup.manifest', 'global/pg_control.pgbackrest.tmp'] as const;

/** They belong to the file system, not to whoever uses it. */
const OF_THE_FILE_SYSTEM = new Set(['lost+found', '.zfs', '.snapshot']);

/** Never throws for what it finds: what cannot be looked at is `unknown`, also for want of the programs of that version. */
export async function dataDirectory(directory: string, signal: AbortSignal): Promise<DataDirectory> {
  try {
    return await look(directory, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HoldfastError) return { state: 'unknown', why: error.message, cause: error };
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { state: 'unknown', why: `${directory} cannot be looked at (${errno})`, cause: null };
  }
}

async function look(directory: string, signal: AbortSignal): Promise<DataDirectory> {
  const stats = await statsOf(directory);
  if (stats === null) return await nothingBehind(directory);
  if (!stats.isDirectory()) return { state: 'partial', why: 'it is no directory' };
  const [version, control, traces] = await Promise.all([
    textOf(join(directory, 'PG_VERSION')),
    statsOf(join(directory, 'global/pg_control')),
    Promise.all(RESTORING.map((name) => statsOf(join(directory, name)))),
  ]);
  if (traces.some((each) => each !== null)) return partial('a restore of pgBackRest did not come to its end');
  if (version === null && control === null) return await withoutCluster(directory, stats);
  if (version === null) return partial('PG_VERSION is missing');
  if (control === null) return partial('global/pg_control is missing');
  const major = version.trim();
  if (!/^\d+(?:\.\d+)?$/.test(major)) return partial('PG_VERSION does not name a version');
  return await cluster(directory, major, stats, signal);
}

const partial = (why: string): DataDirectory => ({ state: 'partial', why });

/** A link that leads nowhere is something: what it leads to may not be mounted. */
async function nothingBehind(directory: string): Promise<DataDirectory> {
  try {
    const target = await readlink(directory);
    return { state: 'unknown', why: `it is a link to ${target}, where nothing is`, cause: null };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { state: 'absent' };
    throw error;
  }
}

async function withoutCluster(directory: string, stats: Stats): Promise<DataDirectory> {
  const names = (await readdir(directory)).filter((name) => !OF_THE_FILE_SYSTEM.has(name) && !name.startsWith('.'));
  const [first] = names;
  if (first === undefined) return { state: 'empty', ...rightsOf(stats) };
  const what = names.length === 1 ? first : `${first} and ${names.length - 1} more`;
  return partial(`neither PG_VERSION nor global/pg_control is there, but ${what}`);
}

async function cluster(directory: string, major: string, stats: Stats, signal: AbortSignal): Promise<DataDirectory> {
  const programs = await serverPrograms(major, signal);
  let control: ControlData;
  try {
    control = await controlData(programs, directory, signal);
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'damaged') throw error;
    return partial(`global/pg_control: ${error.message}`);
  }
  const tablespaces = await linksIn(join(directory, 'pg_tblspc'));
  const wal = await linkOf(join(directory, 'pg_wal'));
  const outside = [...(wal === null ? [] : [wal]), ...tablespaces.values()];
  const there = await Promise.all(outside.map(statsOf));
  const missing = outside.filter((_, index) => there[index]?.isDirectory() !== true);
  if (wal === null && (await statsOf(join(directory, 'pg_wal')))?.isDirectory() !== true) {
    return partial('pg_wal is missing: without it nothing of the last changes is there');
  }
  return { state: 'valid', major, control, ...rightsOf(stats), wal, tablespaces, missing };
}

/** Why a server would not start on it, or not with all of its data, as this user; none where it would. */
export function obstaclesOf(
  directory: string,
  { owner, mode, missing }: Pick<ValidDirectory, 'owner' | 'mode' | 'missing'>,
  user: Owner | null,
): string[] {
  return [
    ...missing.map((path) => `${path}, where a part of it is kept, is not there: is its file system mounted?`),
    ...(user !== null && owner.uid !== user.uid
      ? [
          `it belongs to user ${owner.uid}, and the server runs as user ${user.uid}: chown -R ${user.uid}:${user.gid} ${quote(directory)}`,
        ]
      : []),
    ...((mode & 0o027) === 0
      ? []
      : [`its mode is 0${mode.toString(8)}, and a server starts with 0700 or 0750 only: chmod 0700 ${quote(directory)}`]),
  ];
}

const rightsOf = ({ uid, gid, mode }: Stats): { owner: Owner; mode: number } => ({
  owner: { uid, gid },
  mode: mode & 0o7777,
});

/** Of what a link leads to; null when there is nothing. */
async function statsOf(path: string): Promise<Stats | null> {
  return await orNull(() => stat(path));
}

const textOf = async (path: string): Promise<string | null> => await orNull(() => readFile(path, 'utf8'));

async function linksIn(directory: string): Promise<Map<string, string>> {
  const names = (await orNull(() => readdir(directory))) ?? [];
  const links = await Promise.all(names.map(async (name) => [name, await linkOf(join(directory, name))] as const));
  return new Map(links.flatMap(([name, target]) => (target === null ? [] : [[name, target] as const])));
}

/** Where it leads to; null when it is no link. */
async function linkOf(path: string): Promise<string | null> {
  const found = await orNull(() => lstat(path));
  return found?.isSymbolicLink() === true ? resolve(path, '..', await readlink(path)) : null;
}

async function orNull<Found>(ask: () => Promise<Found>): Promise<Found | null> {
  try {
    return await ask();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null;
    throw error;
  }
}
