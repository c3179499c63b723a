// zfs snapshot, hold, release and destroy, and what is read of snapshots: many at once, for a process for each would take minutes.

import { duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import type { ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { askZfs, rowsOf, unexpected } from './ask.ts';

type Argv = readonly [string, ...string[]];
type Properties = Readonly<Record<string, string>>;

/** The columns of `zfs list` that a snapshot is read from; `properties` come after them. */
export const SNAPSHOT_COLUMNS = ['name', 'guid', 'createtxg', 'creation', 'userrefs'] as const;

/** Of lines with those. Throws `tool-output` for a line of another shape. */
export function parseSnapshots(stdout: string, properties: readonly string[] = []): ZfsSnapshot[] {
  return rowsOf(stdout).map((row): ZfsSnapshot => {
    const [full = '', guid, createtxg, creation, userrefs, ...values] = row;
    const at = full.indexOf('@');
    if (at < 1 || guid === undefined || userrefs === undefined || values.length !== properties.length)
      throw unexpected('zfs list', row);
    return {
      dataset: full.slice(0, at),
      name: full.slice(at + 1),
      guid,
      createtxg: Number(createtxg),
      creation: (Number(creation) * 1000) as Instant,
      holds: Number(userrefs),
      properties: Object.fromEntries(
        properties.flatMap((property, index) => (values[index] === '-' ? [] : [[property, values[index] ?? '']])),
      ),
    };
  });
}

/** All of one pool, at one point in time. Full names. */
export const takeArgs = (snapshots: readonly string[], { properties = {} }: TakeOptions): Argv => [
  'zfs',
  'snapshot',
  ...Object.entries(properties).flatMap(([property, value]) => ['-o', `${property}=${value}`]),
  ...snapshots,
];

export interface TakeOptions {
  readonly properties?: Properties;
}

/** Names without the dataset. Never a range of them: it would take those of others that lie between. */
export const destroyArgs = (dataset: string, names: readonly string[]): Argv => [
  'zfs',
  'destroy',
  `${dataset}@${names.join(',')}`,
];

/** A hold or a release of each, by its full name. */
export const holdArgs = (what: 'hold' | 'release', tag: string, snapshots: readonly string[]): Argv => [
  'zfs',
  what,
  tag,
  ...snapshots,
];

/** A pool with many snapshots takes its time. */
const LIMIT = duration(10, 'm');

const change = async (operation: string, subject: string, argv: Argv, signal: AbortSignal): Promise<void> =>
  void (await askZfs({ argv, operation, subject }, signal, LIMIT));

export const takeSnapshots = (snapshots: readonly string[], options: TakeOptions, signal: AbortSignal): Promise<void> =>
  change('take', snapshots.join(', '), takeArgs(snapshots, options), signal);

export const destroySnapshots = (dataset: string, names: readonly string[], signal: AbortSignal): Promise<void> =>
  change('destroy', `snapshots of ${dataset}`, destroyArgs(dataset, names), signal);
