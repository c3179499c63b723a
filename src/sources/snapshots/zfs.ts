// Temporary snapshots of ZFS datasets. Those of a pool are one point in time. A property says whose they are; a hold for each user
// keeps them from everybody else, and counts the users: the kernel lets nobody destroy what is still held.

import { poolOf } from '../../domain/dataset.ts';
import { datasetPiece } from '../../domain/snapshot-pieces.ts';
import { fullName, RUN_PROPERTY } from '../../domain/zfs-snapshot.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { Semaphore } from '../../lib/semaphore.ts';
import {
  destroyNamed,
  holdersOf,
  holdNamed,
  namedSnapshots,
  releaseNamed,
  takeNamed,
} from '../../tools/zfs/named-snapshots.ts';
import { listPools } from '../../tools/zfs/pools.ts';
import { untilFree } from './busy.ts';
import type { SnapshotProvider, SnapshotRecord } from './provider.ts';

const TAG_PREFIX = 'holdfast:';
/** Every `zfs destroy` waits for its pool to write: side by side they wait once. */
const AT_ONCE = 16;

const tagOf = ({ user }: SnapshotRecord): string => `${TAG_PREFIX}${user}`;
const fullNames = ({ origins, name }: SnapshotRecord): string[] => origins.map((origin) => `${origin.name}@${name}`);

export const zfsSnapshots: SnapshotProvider = {
  kind: 'zfs',
  shared: true,
  groupOf: poolOf,
  identify: (origin) => Promise.resolve({ name: origin, id: null }),
  locate: (part) => Promise.resolve({ pieces: [datasetPiece(part)] }),
  async take(record, signal) {
    await takeNamed(fullNames(record), { properties: { [RUN_PROPERTY]: record.run } }, signal);
    await holdNamed(tagOf(record), fullNames(record), signal);
  },
  join: (record, signal) => holdNamed(tagOf(record), fullNames(record), signal),
  sourceOf: ({ name }, origin) => ({ zfs: `${origin}@${name}` }),
  namesOf: fullNames,
  missing: () => Promise.resolve([]), // what is held and mounted nobody can destroy
  ownPlaces: () => [],
  async release(record, signal) {
    const found = await ours(record, signal);
    if (found.length < record.origins.length) await requirePools(record, signal);
    const held = found.filter(({ holds }) => holds > 0).map(fullName);
    if (held.length > 0) await releaseNamed(tagOf(record), held, signal);
    const turns = new Semaphore(AT_ONCE);
    await Promise.all(
      found.map(async (snapshot) => {
        const full = fullName(snapshot);
        using _turn = await turns.acquire(signal);
        await untilFree(full, () => isGone(full, signal), signal);
      }),
    );
  },
};

/** Those that are there under the record's names and marked as its run's. */
const ours = async (record: SnapshotRecord, signal: AbortSignal): ReturnType<typeof namedSnapshots> =>
  (await namedSnapshots(fullNames(record), signal)).filter(({ properties }) => properties[RUN_PROPERTY] === record.run);

/** Also where another job still uses it, which then destroys it. */
async function isGone(full: string, signal: AbortSignal): Promise<boolean> {
  const [dataset = '', name = ''] = full.split('@');
  if ((await destroyNamed(dataset, name, signal)) === 'gone') return true;
  const holders = await holdersOf(full, signal);
  const stranger = holders.find((tag) => !tag.startsWith(TAG_PREFIX));
  if (stranger === undefined) return holders.length > 0;
  throw new HoldfastError({
    code: 'busy',
    operation: 'destroy the snapshot',
    subject: full,
    message: `${full} is held by somebody else (${stranger})`,
    hint: `It goes with the next run after: zfs release ${stranger} ${full}`,
    retry: 'later',
  });
}

/** What is not there may be in a pool that is away: then nothing is known of it. */
async function requirePools({ origins }: SnapshotRecord, signal: AbortSignal): Promise<void> {
  const pools = await listPools(signal);
  const away = origins.map(({ name }) => poolOf(name)).find((pool) => !pools.has(pool));
  if (away === undefined) return;
  throw new HoldfastError({
    code: 'not-mounted',
    operation: 'look for the snapshots in',
    subject: away,
    message: `the pool ${away} is not imported, so a snapshot that was left in it stays there`,
    hint: `zpool import ${away}; the next run then removes it.`,
    retry: 'later',
  });
}
