// zfs list of snapshots, bookmarks and the datasets they are of, with all that a decision about them rests on: one call, however many.
// What is not there is no failure, it is not in the answer.

import type { Duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Bookmark } from '../../domain/replication.ts';
import { POLICY_PROPERTY } from '../../domain/snapshot-name.ts';
import { RUN_PROPERTY, type ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { rowsOf, tryZfs, unexpected, zfsFailure } from './ask.ts';
import { failureAt, HERE, LISTING, type ZfsEnd } from './end.ts';
import { inCalls } from './names.ts';

type Argv = readonly [string, ...string[]];

const COLUMNS = [
  'name',
  'type',
  'guid',
  'createtxg',
  'creation',
  'written',
  'userrefs',
  RUN_PROPERTY,
  POLICY_PROPERTY,
  'clones',
  'encryption',
  'keystatus',
  'receive_resume_token',
] as const;
type Column = (typeof COLUMNS)[number];
type Row = Readonly<Record<Column, string>>;

/** By name, which is how ZFS has them: any other order it would have to make. */
const listArgs = (types: string, columns: readonly string[], ...what: readonly string[]): Argv => [
  'zfs',
  'list',
  '-Hp',
  '-t',
  types,
  '-o',
  columns.join(','),
  '-s',
  'name',
  ...what,
];

/** Of these datasets; `deep`: and of all beneath them; otherwise those right beneath are listed, too, without their snapshots. */
export const pointsArgs = (datasets: readonly string[], deep: boolean): Argv =>
  listArgs('filesystem,volume,snapshot,bookmark', COLUMNS, ...(deep ? ['-r'] : ['-d', '1']), ...datasets);

export interface DatasetPoints {
  readonly name: string;
  readonly type: 'filesystem' | 'volume';
  /** With `written`, and those of `holdfast:run`, `holdfast:policy` and `clones` that they have. */
  readonly snapshots: readonly ZfsSnapshot[];
  readonly bookmarks: readonly Bookmark[];
  readonly encrypted: boolean;
  /** Its key is loaded, or it needs none. */
  readonly readable: boolean;
  /** Half of a stream that was received; null: none. */
  readonly token: string | null;
  /** Bytes since its newest snapshot. */
  readonly written: number;
}

/** By name. Throws `tool-output`. */
export function parsePoints(stdout: string): ReadonlyMap<string, DatasetPoints> {
  const rows = parseRows(stdout);
  const snapshots = Map.groupBy(rows.filter(isSnapshot).map(snapshotOf), ({ dataset }) => dataset);
  const bookmarks = Map.groupBy(rows.filter(({ type }) => type === 'bookmark').map(pointOf), ({ dataset }) => dataset);
  return new Map(
    rows.flatMap((row): [string, DatasetPoints][] => {
      if (row.type !== 'filesystem' && row.type !== 'volume') return [];
      const own = { snapshots: snapshots.get(row.name) ?? [], bookmarks: bookmarks.get(row.name) ?? [] };
      return [[row.name, { ...datasetOf(row, row.type), ...own }]];
    }),
  );
}

/** Throws `tool-output`. */
export const parseSnapshots = (stdout: string): ZfsSnapshot[] => parseRows(stdout).filter(isSnapshot).map(snapshotOf);

const TYPES: ReadonlySet<string> = new Set(['filesystem', 'volume', 'snapshot', 'bookmark']);

const parseRows = (stdout: string): Row[] =>
  rowsOf(stdout).map((fields) => {
    if (fields.length !== COLUMNS.length || !TYPES.has(fields[1] ?? '')) throw unexpected('zfs list', fields);
    return Object.fromEntries(COLUMNS.map((column, index) => [column, fields[index]])) as Row; // as many as columns
  });

const isSnapshot = ({ type }: Row): boolean => type === 'snapshot';

function pointOf({ name, guid, createtxg, creation }: Row): Bookmark {
  const at = name.search(/[@#]/);
  return {
    dataset: name.slice(0, at),
    name: name.slice(at + 1),
    guid,
    createtxg: Number(createtxg),
    creation: (Number(creation) * 1000) as Instant, // zfs counts in seconds
  };
}

const KEPT = ['written', RUN_PROPERTY, POLICY_PROPERTY, 'clones'] as const;
const snapshotOf = (row: Row): ZfsSnapshot => ({
  ...pointOf(row),
  holds: Number(row.userrefs),
  properties: Object.fromEntries(
    KEPT.filter((column) => row[column] !== '-' && row[column] !== '').map((column) => [column, row[column]]),
  ),
});

const datasetOf = (row: Row, type: DatasetPoints['type']): Omit<DatasetPoints, 'snapshots' | 'bookmarks'> => ({
  name: row.name,
  type,
  encrypted: row.encryption !== 'off' && row.encryption !== '-',
  readable: row.keystatus !== 'unavailable',
  token: row.receive_resume_token === '-' ? null : row.receive_resume_token,
  written: row.written === '-' ? 0 : Number(row.written),
});

/** By name, without those that do not exist. Throws as `askAt`. */
export async function listPoints(
  end: ZfsEnd,
  datasets: readonly string[],
  deep: boolean,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, DatasetPoints>> {
  if (datasets.length === 0) return new Map(); // it would list all
  return parsePoints(await listThere(end, pointsArgs(datasets, deep), datasets.join(', '), signal));
}

/** Of these snapshots of this machine, by their full names, those that exist. Throws as `askAt`. */
export async function findSnapshots(
  names: readonly string[],
  signal: AbortSignal,
  timeout: Duration = LISTING,
): Promise<ZfsSnapshot[]> {
  const found: ZfsSnapshot[] = [];
  for (const some of inCalls(names)) {
    const argv = listArgs('snapshot', COLUMNS, ...some);
    found.push(...parseSnapshots(await listThere(HERE, argv, some.join(', '), signal, timeout))); // oxlint-disable-line no-await-in-loop -- ZFS does one at a time
  }
  return found;
}

/**
 * Of these snapshots of this machine, by their full names, those that are still there. The others ZFS has said not to know, each by its
 * name: throws as `askAt` where it says neither of one. Others of the same datasets are not looked at, however many there are.
 */
export async function stillThere(names: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  const there = new Set<string>();
  for (const some of inCalls(names)) {
    const unknown = new Set(some);
    const command = {
      argv: listArgs('snapshot', ['name'], ...some),
      operation: 'look for what is left of',
      subject: `${some.length} snapshots`,
    };
    const odd: string[] = [];
    const gone = (line: string): void => {
      if (!unknown.delete(GONE.exec(line)?.[1] ?? '')) odd.push(line);
    };
    const result = await tryZfs(command, signal, LISTING, gone); // oxlint-disable-line no-await-in-loop -- as above
    for (const [name = ''] of rowsOf(result.stdout)) if (unknown.delete(name)) there.add(name);
    if (unknown.size > 0) throw zfsFailure(command, { ...result, stderrTail: odd });
  }
  return there;
}

const GONE = /^cannot open '(.+)': dataset does not exist$/;
const ABSENT = /dataset does not exist|no such pool/;

/** What it printed: the others of the list are there all the same. */
async function listThere(
  end: ZfsEnd,
  argv: Argv,
  subject: string,
  signal: AbortSignal,
  timeout: Duration = LISTING,
): Promise<string> {
  const command = { argv, operation: 'list the snapshots of', subject };
  const result = await tryZfs({ ...command, argv: end.argv(argv) }, signal, timeout);
  const isAbsent = result.stderrTail.length > 0 && result.stderrTail.every((line) => ABSENT.test(line));
  if (result.exitCode !== 0 && !isAbsent) throw failureAt(end, command, result);
  return result.stdout;
}
