// zfs list of snapshots with how much each refers to: what a look for lost data begins with. Of this machine or of another.

import type { Instant } from '../../domain/instant.ts';
import { RUN_PROPERTY } from '../../domain/zfs-snapshot.ts';
import { rowsOf, tryZfs, unexpected } from './ask.ts';
import { failureAt, LISTING, type ZfsEnd } from './end.ts';

type Argv = readonly [string, ...string[]];

const COLUMNS = ['name', 'type', 'createtxg', 'creation', 'referenced', 'written', 'encryption', 'keystatus', RUN_PROPERTY];

/** Of these datasets, without those beneath them. */
export const contentsArgs = (datasets: readonly string[]): Argv => [
  'zfs',
  'list',
  '-Hp',
  '-t',
  'filesystem,volume,snapshot',
  '-o',
  COLUMNS.join(','),
  '-s',
  'createtxg',
  '-d',
  '1',
  ...datasets,
];

export interface SnapshotContent {
  /** Without the dataset and '@'. */
  readonly name: string;
  readonly createtxg: number;
  readonly creation: Instant;
  /** Bytes. */
  readonly referenced: number;
  /** Nothing was written, changed or removed since the one before it. */
  readonly unchanged: boolean;
  /** Made for one run, and gone after it. */
  readonly temporary: boolean;
}

export interface DatasetContent {
  readonly encrypted: boolean;
  /** Its key is loaded, or it needs none. */
  readonly readable: boolean;
  /** Oldest first. */
  readonly snapshots: readonly SnapshotContent[];
}

/** By name, of these datasets. Throws `tool-output`. */
export function parseContents(stdout: string, datasets: readonly string[]): ReadonlyMap<string, DatasetContent> {
  const rows = rowsOf(stdout).map((fields) => {
    const [name, type, createtxg, creation, referenced, written, encryption, keystatus, run] = fields;
    if (fields.length !== COLUMNS.length || name === undefined) throw unexpected('zfs list', fields);
    return { name, type, createtxg, creation, referenced, written, encryption, keystatus, run };
  });
  const snapshots = Map.groupBy(
    rows.filter(({ type }) => type === 'snapshot'),
    ({ name }) => name.slice(0, name.indexOf('@')),
  );
  return new Map(
    rows.flatMap(({ name, type, encryption, keystatus }): [string, DatasetContent][] => {
      if (type === 'snapshot' || !datasets.includes(name)) return [];
      const own = (snapshots.get(name) ?? []).map((row, index) => ({
        name: row.name.slice(name.length + 1),
        createtxg: Number(row.createtxg),
        creation: (Number(row.creation) * 1000) as Instant, // zfs counts in seconds
        referenced: Number(row.referenced),
        unchanged: index > 0 && row.written === '0',
        temporary: row.run !== '-' && row.run !== '',
      }));
      const encrypted = encryption !== 'off' && encryption !== '-';
      return [[name, { encrypted, readable: keystatus !== 'unavailable', snapshots: own }]];
    }),
  );
}

const ABSENT = /dataset does not exist|no such pool/;

/** By name, without those that do not exist: also where a pool is not imported. Throws as `askAt`. */
export async function listContents(
  end: ZfsEnd,
  datasets: readonly string[],
  signal: AbortSignal,
  timeout = LISTING,
): Promise<ReadonlyMap<string, DatasetContent>> {
  if (datasets.length === 0) return new Map(); // it would list all
  const command = {
    argv: contentsArgs(datasets),
    operation: 'look for the data of',
    subject: datasets.join(', '),
  };
  const result = await tryZfs({ ...command, argv: end.argv(command.argv) }, signal, timeout);
  const isAbsent = result.stderrTail.length > 0 && result.stderrTail.every((line) => ABSENT.test(line));
  if (result.exitCode !== 0 && !isAbsent) throw failureAt(end, command, result);
  return parseContents(result.stdout, datasets);
}
