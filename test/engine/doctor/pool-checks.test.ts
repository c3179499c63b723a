import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Share } from '../../../src/domain/percentage.ts';
import type { DatasetSpace, PoolHealth } from '../../../src/domain/storage-health.ts';
import { examinePool } from '../../../src/engine/doctor/pool-checks.ts';

const LEVELS = { warning: 0.8 as Share, critical: 0.9 as Share };
const SOUND: PoolHealth = { name: 'tank', health: 'ONLINE', size: 1000, allocated: 300, dataErrors: 0, deviceErrors: 0 };

const found = (parts: Partial<PoolHealth>, datasets: readonly DatasetSpace[] = []): string[] =>
  examinePool('tank', { pools: new Map([['tank', { ...SOUND, ...parts }]]), datasets }, LEVELS).map(
    ({ health, detail }) => `${health}: ${detail}`,
  );

test('a pool is well when it is whole, without errors, and has room', () => {
  assert.deepEqual(found({}), ['ok: ONLINE, 700 B free']);
});

test('each thing that is wrong with a pool is told by itself', () => {
  assert.deepEqual(found({ health: 'DEGRADED', dataErrors: 2, deviceErrors: 7, allocated: 850 }), [
    'problem: the pool tank is DEGRADED',
    'problem: the pool tank has lost something: 2 data errors',
    'warning: devices of the pool tank have counted 7 errors',
    'warning: the pool tank is 85% full: 150 B left',
  ]);
});

test('a dataset is told when its quota is nearly used up, and only with its own pool', () => {
  const datasets = [
    { name: 'tank/app', used: 999, available: 1 },
    { name: 'other/app', used: 1, available: 0 },
  ];
  assert.deepEqual(found({}, datasets), ['problem: the dataset tank/app is 99.9% full: 1 B left']);
});

test('one that is not imported is a problem, and so is a ZFS that tells nothing of it', () => {
  for (const seen of [null, { pools: new Map(), datasets: [] }]) {
    const [finding] = examinePool('tank', seen, LEVELS);
    assert.deepEqual([finding?.health, finding?.detail], ['problem', 'the pool tank is not imported']);
  }
});
