// What is told of pools and datasets: as soon as it lasts, once, until it is over; and that a pool which does not answer holds nothing up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, type Duration } from '../../../src/domain/duration.ts';
import { formatInstant } from '../../../src/domain/instant.ts';
import { stepId } from '../../../src/domain/naming.ts';
import { SNAPSHOT_KINDS, type SnapshotPolicy } from '../../../src/domain/snapshot-policy.ts';
import type { PoolHealth, StorageHealth } from '../../../src/domain/storage-health.ts';
import { lookAtStorage, type StorageLook } from '../../../src/engine/notify/look-at-storage.ts';
import { target } from '../support/replication.ts';
import { channel, NotifiedHost } from './support.ts';

const minute = duration(1, 'm');
const SOUND: PoolHealth = { name: 'tank', health: 'ONLINE', size: 1000, allocated: 300, dataErrors: 0, deviceErrors: 0 };

/** A host that sends what is in tank, and what its tank is like. */
class PoolHost extends NotifiedHost {
  pool: Partial<PoolHealth> | null = {};
  datasets: StorageHealth['datasets'] = [];
  /** Instead of an answer. */
  silent: StorageLook | null = null;

  constructor(channels = [channel('phone')]) {
    super([], channels);
    this.replication = { snapshots: { adopt: 'beside', datasets: [] }, targets: [target({ datasets: ['tank/a'] })] };
  }

  /** Each minute of it is observed. */
  async live(minutes: number): Promise<void> {
    for (let passed = 0; passed < minutes; passed += 1) {
      this.pass(minute);
      this.other('replicate', stepId.lag('nas'));
      const pools = new Map(this.pool === null ? [] : [['tank', { ...SOUND, ...this.pool }]]);
      const seen: StorageLook = { kind: 'seen', health: { pools, datasets: this.datasets } };
      await this.flush({ storage: () => Promise.resolve(this.silent ?? seen) });
    }
  }
}

const WRONG: readonly (readonly [string, PoolHost['pool'], StorageHealth['datasets'], string, RegExp])[] = [
  ['is degraded', { health: 'DEGRADED' }, [], 'Not well: pool tank (forge)', /tank is DEGRADED.*zpool status -v tank/s],
  ['is not imported', null, [], 'Not well: pool tank (forge)', /tank is not imported.*zpool import tank/s],
  ['has lost something', { dataErrors: 2 }, [], 'Not well: pool tank (forge)', /has lost something: 2 data errors/],
  ['has a failing device', { deviceErrors: 7 }, [], 'Not well: pool tank (forge)', /have counted 7 errors.*zpool scrub/s],
  ['is above 80%', { allocated: 810 }, [], 'Nearly full: pool tank (forge)', /tank is 81% full: 190 B left.*zfs list/s],
  ['is above 90%', { allocated: 910 }, [], 'Almost full: pool tank (forge)', /tank is 91% full: 90 B left/],
  [
    'has a dataset that is above 90% of what it may take',
    {},
    [{ name: 'tank/a', used: 950, available: 50 }],
    'Almost full: dataset tank/a (forge)',
    /the dataset tank\/a is 95% full/,
  ],
];

for (const [what, pool, datasets, title, body] of WRONG)
  test(`a pool that ${what} is told once, and once when it is over`, async () => {
    using host = new PoolHost();
    await host.live(2);
    Object.assign(host, { pool, datasets });
    await host.live(60);
    assert.deepEqual(host.titles(), [title]);
    assert.match(host.sent[0]?.message.body ?? '', body);
    Object.assign(host, { pool: {}, datasets: [] });
    await host.live(40);
    assert.equal(host.titles().at(-1), `Resolved: ${title.replace(/^[^:]*: /, '')}`);
    assert.equal(host.sent.length, 2);
  });

test('what is imported, or freed, within minutes is nothing that anybody has to hear of', async () => {
  using host = new PoolHost();
  for (const pool of [null, { allocated: 950 }]) {
    host.pool = pool;
    await host.live(8);
    host.pool = {};
    await host.live(30);
  }
  assert.deepEqual(host.titles(), []);
});

test('what fills up further is told again; what goes up and down at the limit is not', async () => {
  using host = new PoolHost();
  host.pool = { allocated: 801 };
  await host.live(20);
  for (let times = 0; times < 40; times += 1) {
    host.pool = { allocated: times % 2 === 0 ? 795 : 801 };
    await host.live(3);
  }
  assert.deepEqual(host.titles(), ['Nearly full: pool tank (forge)']);
  host.pool = { allocated: 905 };
  await host.live(1);
  assert.equal(host.titles().at(-1), 'Almost full: pool tank (forge)');
  host.pool = { allocated: 895 };
  await host.live(60);
  assert.equal(host.sent.length, 2);
});

test('a channel for what is urgent hears of 90%, and not of 80%', async () => {
  using host = new PoolHost([channel('phone', { minPriority: 'high' }), channel('mail')]);
  host.pool = { allocated: 850 };
  await host.live(20);
  host.pool = { allocated: 950 };
  await host.live(1);
  assert.deepEqual(host.titles('phone'), ['Almost full: pool tank (forge)']);
  assert.equal(host.titles('mail').length, 2);
});

test('a pool that no longer answers is told, and what was wrong before is not called mended', async () => {
  using host = new PoolHost();
  host.pool = { health: 'DEGRADED' };
  await host.live(20);
  host.silent = { kind: 'silent', message: 'ZFS did not answer', hint: 'see zpool status -x', at: host.now };
  await host.live(60);
  assert.deepEqual(host.titles(), ['Not well: pool tank (forge)', 'Not well: pools of this host (forge)']);
  assert.match(host.sent[1]?.message.body ?? '', /how the pools do is unknown: ZFS did not answer.*zpool status -x/s);
  host.silent = null;
  host.pool = {};
  await host.live(40);
  assert.deepEqual(host.titles().slice(2).toSorted(), [
    'Resolved: pool tank (forge)',
    'Resolved: pools of this host (forge)',
  ]);
});

test('a question that is never answered ends by itself, and is put ever more seldom', async () => {
  using host = new PoolHost();
  let asked = 0;
  const ask = (): Promise<never> => {
    asked += 1;
    return new Promise(() => {});
  };
  const { signal } = new AbortController();
  const using = host.config;
  for (let passed = 0; passed < 24 * 60; passed += 1) {
    host.pass(minute);
    const storage: Parameters<NotifiedHost['flush']>[0] = {
      storage: (open) => lookAtStorage({ using, open, now: host.now, signal, ask, patience: 1 as Duration }),
    };
    await host.flush(storage);
  }
  assert.ok(asked > 10 && asked < 40, `${asked} times in a day`);
  assert.equal(host.titles().filter((title) => title === 'Not well: pools of this host (forge)').length, 1);
});

test('a snapshot that is older than it may be is told for each dataset, whatever the runs say', async () => {
  using host = new PoolHost();
  const keep = Object.fromEntries(SNAPSHOT_KINDS.map((kind) => [kind, 2])) as SnapshotPolicy['keep'];
  const policies = ['tank/a', 'tank/b', 'tank/c'].map((dataset): SnapshotPolicy => ({
    dataset,
    reach: 'itself',
    keep,
    autosnap: true,
    autoprune: false,
  }));
  host.replication = { ...host.replication, snapshots: { adopt: 'beside', datasets: policies } };
  const old = formatInstant(host.now);
  for (let passed = 0; passed < 50; passed += 1) {
    const newest = { 'tank/a': formatInstant(host.now), 'tank/b': old, 'tank/c': old };
    host.other('snapshot-take', stepId.takeSnapshots('tank'), { newest });
    host.pass(duration(59, 'm'));
    await host.live(1);
  }
  assert.deepEqual(host.titles(), ['Too old: 2 newest snapshots (forge)']);
  assert.match(
    host.sent[0]?.message.body ?? '',
    /it is 2d 1h old; one is owed every 2d\.\n\n- newest snapshot of tank\/b, since/,
  );
});
