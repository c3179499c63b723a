// zfs snapshot, hold, release and destroy: many at once, for a process for each would take minutes.

import { duration } from '../../domain/duration.ts';
import { askZfs } from './ask.ts';

type Argv = readonly [string, ...string[]];
type Properties = Readonly<Record<string, string>>;

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
