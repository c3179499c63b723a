// What is looked at, and planned of it: which datasets have a policy, what is taken together, and what counts as a base.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import type { SnapshotPolicies } from '../../../src/domain/snapshot-policy.ts';
import { decisionsOf, planPrune } from '../../../src/engine/snapshot-policy/plan-prune.ts';
import { dueGroups, planTake } from '../../../src/engine/snapshot-policy/plan-take.ts';
import { sceneOf, type SnapshotScene } from '../../../src/engine/snapshot-policy/scene.ts';
import type { Inventory } from '../../../src/tools/zfs/inventory.ts';
import { keeping, taken } from '../../domain/support/policy-snapshots.ts';

const NOW = Date.parse('2026-11-22T08:30Z') as Instant;
const policies = (...datasets: SnapshotPolicies['datasets']): SnapshotPolicies => ({ adopt: 'beside', datasets });
const nothing: Inventory = { datasets: [], snapshots: [], bookmarks: [], missing: [] };
const scene = (declared: SnapshotPolicies, seen: Partial<Inventory>): SnapshotScene =>
  sceneOf(declared, { ...nothing, ...seen }, { now: NOW, zone: 'UTC' });

test('all snapshots of one kind in a pool are due together, of all datasets', () => {
  const many = Array.from({ length: 100 }, (_, index) => `tank/${index}`);
  const found = scene(policies({ ...keeping({ hourly: 1 }), dataset: 'tank', reach: 'children' }), {
    datasets: ['tank', ...many],
  });
  const groups = dueGroups(found.pools.get('tank') ?? [], found);
  assert.deepEqual(
    groups.map(({ kind, snapshots }) => [kind, snapshots.length]),
    [['hourly', 100]],
  );
  assert.equal(groups[0]?.snapshots[0], 'tank/0@holdfast_2026-11-22_08:30:00_hourly');
});

test('each pool has a step, and so has a declared dataset that is not there', () => {
  const found = scene(
    policies({ ...keeping({ daily: 1 }), reach: 'tree' }, { ...keeping({ daily: 1 }), dataset: 'shelf/a' }),
    {
      datasets: ['tank', 'tank/b'],
      missing: ['shelf/a'],
    },
  );
  assert.deepEqual(
    planTake('forge', found).steps.map(({ id }) => id),
    ['snapshot-take:tank', 'snapshot-take:shelf/a'],
  );
  assert.deepEqual(
    planPrune('forge', found, decisionsOf(found)).steps.map(({ id }) => id),
    ['snapshot-prune:tank', 'snapshot-prune:shelf/a'],
  );
});

test('a dataset that is left out is neither taken nor pruned, and may be missing', () => {
  const left = { ...keeping({}), dataset: 'tank/cache', autosnap: false, autoprune: false };
  const seen = { datasets: ['tank', 'tank/cache'], snapshots: [taken('daily', 0 as Instant, { dataset: 'tank/cache' })] };
  const found = scene(policies({ ...keeping({ daily: 1 }), reach: 'tree' }, left), seen);
  assert.deepEqual(
    [...found.pools.values()].flat().map(({ dataset }) => dataset),
    ['tank'],
  );
  assert.deepEqual(scene(policies(left), { missing: ['tank/cache'] }).missing, []);
});

test('a bookmark of ours makes its snapshot a base, one of others does not, and a clone keeps what it came from', () => {
  const snapshots = [1, 2, 3, 4].map((txg) =>
    taken('hourly', (NOW - (10 - txg) * 3_600_000) as Instant, {
      dataset: 'tank',
      createtxg: txg,
      ...(txg === 3
        ? { properties: { ...taken('hourly', (NOW - 7 * 3_600_000) as Instant).properties, clones: 'tank/c' } }
        : {}),
    }),
  );
  const bookmarks = [
    { dataset: 'tank', name: 'holdfast-nas', guid: '1' },
    { dataset: 'tank', name: 'mine', guid: '2' },
  ];
  const found = scene(policies(keeping({ hourly: 1 })), { datasets: ['tank'], snapshots, bookmarks });
  assert.deepEqual(
    decisionsOf(found)[0]?.entries.map(({ stays }) => stays),
    ['base', null, 'cloned', 'counted'],
  );
});
