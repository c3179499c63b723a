// zfs list of datasets with their snapshots and bookmarks, and what replication needs to know of them: one call, however many.

import type { Instant } from '../../domain/instant.ts';
import type { Bookmark } from '../../domain/replication.ts';
import { RUN_PROPERTY, type ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { rowsOf, tryZfs, unexpected } from './ask.ts';
import { failureAt, LISTING, type ZfsEnd } from './end.ts';

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
  'clones',
  'encryption',
  'keystatus',
  'receive_resume_token',
] as const;
type Column = (typeof COLUMNS)[number];
type Row = Readonly<Record<Column, string>>;

/** Of these datasets; `deep`: and of all beneath them; otherwise those right beneath are listed, too, without their snapshots. */
export const pointsArgs = (datasets: readonly string[], deep: boolean): Argv => [
  'zfs',
  'list',
  '-Hp',
  '-t',
  'filesystem,volume,snapshot,bookmark',
  '-o',
  COLUMNS.join(','),
  '-s',
  'name',
  ...(deep ? ['-r'] : ['-d', '1']),
  ...datasets,
];

export interface DatasetPoints {
  readonly name: string;
  readonly type: 'filesystem' | 'volume';
  /** With the properties `written`, and `holdfast:run` and `clones` where they have any. */
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
  const all = new Map<string, DatasetPoints>();
  const snapshots = new Map<string, ZfsSnapshot[]>();
  const bookmarks = new Map<string, Bookmark[]>();
  const add = <Point>(to: Map<string, Point[]>, dataset: string, point: Point): void => {
    const list = to.get(dataset);
    if (list) list.push(point);
    else to.set(dataset, [point]);
  };
  for (const fields of rowsOf(stdout)) {
    if (fields.length !== COLUMNS.length) throw unexpected('zfs list', fields);
    const row = Object.fromEntries(COLUMNS.map((column, index) => [column, fields[index]])) as Row; // as many as columns
    const dataset = row.name.split(/[@#]/)[0] ?? '';
    if (row.type === 'snapshot') add(snapshots, dataset, snapshotOf(row, dataset));
    else if (row.type === 'bookmark') add(bookmarks, dataset, pointOf(row, dataset));
    else if (row.type === 'filesystem' || row.type === 'volume') all.set(dataset, datasetOf(row, row.type));
    else throw unexpected('zfs list', fields);
  }
  return new Map(
    [...all].map(([name, each]) => [
      name,
      { ...each, snapshots: snapshots.get(name) ?? [], bookmarks: bookmarks.get(name) ?? [] },
    ]),
  );
}

const pointOf = (row: Row, dataset: string): Bookmark => ({
  dataset,
  name: row.name.slice(dataset.length + 1),
  guid: row.guid,
  createtxg: Number(row.createtxg),
  creation: (Number(row.creation) * 1000) as Instant, // zfs counts in seconds
});

const KEPT = ['written', RUN_PROPERTY, 'clones'] as const;
const snapshotOf = (row: Row, dataset: string): ZfsSnapshot => ({
  ...pointOf(row, dataset),
  holds: Number(row.userrefs),
  properties: Object.fromEntries(
    KEPT.filter((column) => row[column] !== '-' && row[column] !== '').map((column) => [column, row[column]]),
  ),
});

const datasetOf = (row: Row, type: DatasetPoints['type']): DatasetPoints => ({
  name: row.name,
  type,
  snapshots: [],
  bookmarks: [],
  encrypted: row.encryption !== 'off' && row.encryption !== '-',
  readable: row.keystatus !== 'unavailable',
  token: row.receive_resume_token === '-' ? null : row.receive_resume_token,
  written: row.written === '-' ? 0 : Number(row.written),
});

/** Without those that do not exist. Throws as `askAt`. */
export async function listPoints(
  end: ZfsEnd,
  datasets: readonly string[],
  deep: boolean,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, DatasetPoints>> {
  if (datasets.length === 0) return new Map();
  const command = {
    argv: pointsArgs(datasets, deep),
    operation: 'list the snapshots of',
    subject: datasets.join(', '),
  };
  const result = await tryZfs({ ...command, argv: end.argv(command.argv) }, signal, LISTING);
  // the others of the list are printed all the same
  const isAbsent = result.stderrTail.length > 0 && result.stderrTail.every((line) => line.includes('does not exist'));
  if (result.exitCode === 0 || isAbsent) return parsePoints(result.stdout);
  throw failureAt(end, command, result);
}
