// Snapshots of this machine as a source of lost data: whoever took them. Nothing is rolled back, for that would destroy what is newer.

import type { Bytes } from '../../../domain/bytes.ts';
import { duration } from '../../../domain/duration.ts';
import { formatInstant, type Instant } from '../../../domain/instant.ts';
import { MountTable } from '../../../domain/mount.ts';
import {
  chooseSet,
  type Found,
  type PassedOver,
  type SetChoice,
  setsOf,
  type SnapshotSet,
} from '../../../domain/recovery-snapshots.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { limitTime } from '../../../lib/time-limit.ts';
import { mounts } from '../../../repositories/mounts.ts';
import { diskUsage } from '../../../tools/util-linux/copy-tree.ts';
import type { HeldView } from '../../../tools/util-linux/held-view.ts';
import { listContents } from '../../../tools/zfs/contents.ts';
import { HERE } from '../../../tools/zfs/end.ts';
import { sharesBlocks } from '../../../tools/zfs/block-cloning.ts';
import { lookInto, viewOf } from './look-into.ts';
import { type Origin, type Origins, originsOf } from './origins.ts';
import { answered, type Lost, noTree, type Offer, type OpenTree, type SourceAnswer } from './source.ts';

export const SNAPSHOT_SOURCE = 'snapshot';

/** Each look mounts one. */
const LIMIT = duration(5, 'm');

/** Throws as `listContents` and `holdView`. */
export async function askSnapshots({ service, paths }: Lost, signal: AbortSignal): Promise<SourceAnswer> {
  const origins = await originsOf(paths, new MountTable(await mounts()));
  if ('why' in origins) return answered(SNAPSHOT_SOURCE, 'silent', origins.why);
  const datasets = origins.datasets.join(' and ');
  const choice = await choose(origins, signal);
  if (choice.kind === 'none') {
    const { passed } = choice;
    if (passed.length === 0) return answered(SNAPSHOT_SOURCE, ...withoutSet(origins.datasets, choice.single));
    const some = passed.some(({ why }) => why === 'part');
    return some
      ? answered(SNAPSHOT_SOURCE, 'unusable', `no snapshot of ${datasets} has data at each of its paths`)
      : answered(SNAPSHOT_SOURCE, 'nothing', `there is no data of it in any snapshot of ${datasets} (${passed.length})`);
  }
  const { set, passed } = choice;
  const offer: Offer = {
    source: { source: 'snapshot' },
    name: SNAPSHOT_SOURCE,
    snapshot: nameIn(origins, set),
    at: set.at,
    bytes: set.referenced,
    remarks: wordsOfPassed(passed),
    ifNotGood: `Look at it: .zfs/snapshot/${set.name} in the mountpoint of ${origins.datasets[0] ?? ''}.`,
    open: async (context) => await open({ service, paths }, context.signal),
  };
  const reason = `${offer.snapshot} of ${formatInstant(set.at)}`;
  return { said: { name: SNAPSHOT_SOURCE, said: 'found', reason, mayPass: false }, offer };
}

async function open({ service, paths }: Lost, signal: AbortSignal): Promise<OpenTree> {
  const origins = await originsOf(paths, new MountTable(await mounts()));
  const choice = 'why' in origins ? null : await choose(origins, signal);
  if ('why' in origins || choice?.kind !== 'chosen')
    throw noTree('look into the snapshots of', service.name, 'there is none with its data any more');
  const { set } = choice;
  await using stack = new AsyncDisposableStack();
  const view = stack.use(await viewOf(origins, (dataset) => `${dataset}@${set.name}`, signal));
  const { found, there } = await lookInto(view, origins, signal);
  if (found !== 'all') throw noTree('look into', nameIn(origins, set), 'its data is not there any more');
  const shares = await Promise.all(origins.datasets.map(async (dataset) => await sharesBlocks(dataset, signal)));
  const room = shares.every(Boolean) ? null : await roomFor(view, there, signal);
  const held = stack.move();
  return {
    name: nameIn(origins, set),
    at: set.at,
    root: view.root,
    there,
    room,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** What the paths take on disk. */
export async function roomFor({ root }: HeldView, there: readonly Origin[], signal: AbortSignal): Promise<Bytes> {
  let room = 0;
  for (const { real } of there) room += await diskUsage(root + real, signal); // oxlint-disable-line no-await-in-loop -- one disk
  return room as Bytes; // of sizes
}

/** 'tank/app@daily-1'; of several datasets the first. */
const nameIn = ({ datasets }: Origins, { name }: SnapshotSet): string => `${datasets[0] ?? ''}@${name}`;

type Chosen = Exclude<SetChoice, { kind: 'look' }> & { /** Datasets that have snapshots at all. */ readonly single: number };

async function choose(origins: Origins, signal: AbortSignal): Promise<Chosen> {
  const { datasets } = origins;
  using limit = limitTime(LIMIT, () => tooLong(datasets.join(', ')));
  const within = AbortSignal.any([signal, limit.signal]);
  const contents = await listContents(HERE, datasets, within);
  const all = datasets.map((dataset) => contents.get(dataset)?.snapshots ?? []);
  const single = all.filter(({ length }) => length > 0).length;
  const sets = setsOf(all);
  const looked = new Map<string, Found>();
  for (;;) {
    const choice = chooseSet(sets, looked);
    if (choice.kind !== 'look') return { ...choice, single };
    const { name } = choice.at;
    /* oxlint-disable no-await-in-loop -- the next older only when this one will not do */
    await using view = await viewOf(origins, (dataset) => `${dataset}@${name}`, within);
    looked.set(name, (await lookInto(view, origins, within)).found);
    /* oxlint-enable no-await-in-loop */
  }
}

const tooLong = (subject: string): HoldfastError =>
  new HoldfastError({
    code: 'timed-out',
    operation: 'look into the snapshots of',
    subject,
    message: 'none with its data was found within 5 min',
    retry: 'later',
  });

const withoutSet = (datasets: readonly string[], single: number): ['nothing' | 'unusable', string] =>
  single < 2
    ? ['nothing', `${datasets.join(' and ')} ${datasets.length === 1 ? 'has' : 'have'} no snapshot`]
    : ['unusable', `${datasets.join(' and ')} have no snapshot of one name: they would be of several times`];

/** What whoever recovers should know about the choice. */
export function wordsOfPassed(passed: readonly PassedOver[]): string[] {
  const of = (why: PassedOver['why']): PassedOver[] => passed.filter((each) => each.why === why);
  const told = (why: PassedOver['why'], one: string, more: string): string[] => {
    const some = of(why);
    if (some.length === 0) return [];
    return [
      `${some.length === 1 ? 'a newer snapshot' : `${some.length} newer snapshots`} (${spanOf(some)}) ${some.length === 1 ? one : more}`,
    ];
  };
  return [
    ...told('nothing', 'is empty: it was taken after the loss', 'are empty: they were taken after the loss'),
    ...told('part', 'has only a part of it', 'have only a part of it'),
    ...told('shrunk', 'has less than half of what was there before', 'have less than half of what was there before'),
  ];
}

function spanOf(passed: readonly PassedOver[]): string {
  const times = passed.map(({ set }) => set.at);
  const [from, to] = [Math.min(...times), Math.max(...times)].map((time) => formatInstant(time as Instant)); // of instants
  return from === to ? (from ?? '') : `${from} to ${to}`;
}
