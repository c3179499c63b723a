// What is looked at, and planned of it: which datasets have a policy, what is taken together, and what counts as a base.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import type { StepContext } from '../../../src/domain/plan.ts';
import { POLICY_PROPERTY } from '../../../src/domain/snapshot-name.ts';
import type { SnapshotPolicies } from '../../../src/domain/snapshot-policy.ts';
import { decisionsOf, planPrune } from '../../../src/engine/snapshot-policy/plan-prune.ts';
import { dueGroups, planTake } from '../../../src/engine/snapshot-policy/plan-take.ts';
import { sceneOf, type SnapshotScene, snapshotScene } from '../../../src/engine/snapshot-policy/scene.ts';
import type { DatasetPoints } from '../../../src/tools/zfs/points.ts';
import type { ZfsSnapshot } from '../../../src/domain/zfs-snapshot.ts';
import type { Bookmark } from '../../../src/domain/replication.ts';
import { keeping, taken } from '../../domain/support/policy-snapshots.ts';
import { fakeZfs } from '../../support/fake-zfs.ts';

const NOW = Date.parse('2026-11-22T08:30Z') as Instant;
const context = { signal: new AbortController().signal, now: () => NOW } as StepContext; // what these steps use of it
const nobody = (): boolean => false;
const free = { warnings: [], heldBy: () => Promise.resolve(() => null) };
const policies = (...datasets: SnapshotPolicies['datasets']): SnapshotPolicies => ({ adopt: 'beside', datasets });
interface Seen {
  readonly datasets?: readonly string[];
  readonly snapshots?: readonly ZfsSnapshot[];
  readonly bookmarks?: readonly Bookmark[];
  readonly silent?: SnapshotScene['silent'];
}
const scene = (
  declared: SnapshotPolicies,
  { datasets = [], snapshots = [], bookmarks = [], silent = new Map() }: Seen,
): SnapshotScene => {
  const of = <Point extends { readonly dataset: string }>(all: readonly Point[], name: string): Point[] =>
    all.filter(({ dataset }) => dataset === name);
  const seen = datasets.map((name): DatasetPoints => {
    const plain = { type: 'filesystem', encrypted: false, readable: true, token: null, written: 0 } as const;
    return { name, ...plain, snapshots: of(snapshots, name), bookmarks: of(bookmarks, name) };
  });
  return sceneOf(declared, seen, { now: NOW, zone: 'UTC', silent });
};

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
    },
  );
  assert.deepEqual(
    planTake('forge', found).steps.map(({ id }) => id),
    ['snapshot-take:tank', 'snapshot-take:shelf/a'],
  );
  assert.deepEqual(
    planPrune('forge', found, decisionsOf(found, nobody), free).steps.map(({ id }) => id),
    ['snapshot-prune:tank', 'snapshot-prune:shelf/a'],
  );
});

test('a pool that does not answer has failed, and the others are looked at all the same', async (t) => {
  const row = ['shelf', 'filesystem', '7', '1', '1795338340', '0', '-', '-', '-', '-', 'off', '-', '-'].join('\\t');
  fakeZfs(
    t,
    `case "$*" in *tank) echo "cannot open 'tank': pool I/O is currently suspended" >&2; exit 1 ;; *) printf '${row}\\n' ;; esac`,
  );
  const { signal } = new AbortController();
  const daily = keeping({ daily: 1 });
  const both = policies(daily, { ...daily, dataset: 'shelf' });
  const found = await snapshotScene(both, { now: NOW, zone: 'UTC' }, signal);
  const { steps } = planTake('forge', found);
  assert.deepEqual(
    steps.map(({ id }) => id),
    ['snapshot-take:shelf', 'snapshot-take:tank'],
  );
  await assert.rejects(steps[1]?.run(context) ?? Promise.resolve(), /suspended/);
  assert.deepEqual(
    planPrune('forge', found, decisionsOf(found, nobody), free).steps.map(({ id }) => id),
    ['snapshot-prune:shelf', 'snapshot-prune:tank'],
  );
  assert.deepEqual(found.missing, [], 'what is in a pool that does not answer is not missing');
  await assert.rejects(snapshotScene(policies(daily), { now: NOW, zone: 'UTC' }, signal), /suspended/);
});

test('what another took while this one waited for the lock is not taken again', async (t) => {
  const { name, properties } = taken('hourly', NOW);
  const mark = properties[POLICY_PROPERTY];
  const columns = ['snapshot', '7', '9', String(NOW / 1000), '0', '0', '-', mark, '', 'off', '-', '-'].join('\\t');
  const folder = fakeZfs(
    t,
    `echo "$1" >>"$FOLDER/calls"
[ "$1" = list ] && printf 'tank\\tfilesystem\\t1\\t1\\t1\\t0\\t-\\t-\\t-\\t-\\toff\\t-\\t-\\n%s\\t${columns}\\n' 'tank@${name}'`,
  );
  const [step] = planTake('forge', scene(policies(keeping({ hourly: 1 })), { datasets: ['tank'] })).steps;
  assert.equal((step?.foreseen?.['due'] as string[] | undefined)?.length, 1, 'it was due when it was looked at');
  const ended = await step?.run(context);
  assert.deepEqual([ended?.outcome, ended?.result?.['taken']], ['succeeded', []]);
  assert.deepEqual(ended?.result?.['newest'], { tank: '2026-11-22T08:30:00.000Z' });
  assert.equal(readFileSync(join(folder, 'calls'), 'utf8'), 'list\n');
});

test('where a service was started on nothing since it was planned, none of its snapshots goes', async (t) => {
  fakeZfs(t, 'echo "nothing is to be destroyed here: $*" >&2; exit 1');
  const old = taken('hourly', (NOW - 10 * 3_600_000) as Instant, { dataset: 'tank/app', createtxg: 1 });
  const young = taken('hourly', NOW, { dataset: 'tank/app', createtxg: 2 });
  const found = scene(policies({ ...keeping({ hourly: 1 }), dataset: 'tank/app' }), {
    datasets: ['tank/app'],
    snapshots: [old, young],
  });
  const warnings: string[] = [];
  const held = { service: 'app', since: NOW };
  const [step] = planPrune('forge', found, decisionsOf(found, nobody), {
    warnings: [],
    heldBy: () => Promise.resolve((dataset: string) => (dataset === 'tank/app' ? held : null)),
  }).steps;
  assert.equal((step?.foreseen?.['destroy'] as unknown[] | undefined)?.length, 1, 'it was to go when it was planned');
  const ended = await step?.run({ ...context, warn: (text) => void warnings.push(text) });
  assert.deepEqual([ended?.outcome, ended?.result?.['destroyed']], ['succeeded', []]);
  assert.match(warnings.join(), /tank\/app is not pruned: it was started empty/);
});

test('a dataset that is left out is neither taken nor pruned, and may be missing', () => {
  const left = { ...keeping({}), dataset: 'tank/cache', autosnap: false, autoprune: false };
  const seen = { datasets: ['tank', 'tank/cache'], snapshots: [taken('daily', 0 as Instant, { dataset: 'tank/cache' })] };
  const found = scene(policies({ ...keeping({ daily: 1 }), reach: 'tree' }, left), seen);
  assert.deepEqual(
    [...found.pools.values()].flat().map(({ dataset }) => dataset),
    ['tank'],
  );
  assert.deepEqual(scene(policies(left), {}).missing, []);
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
    { dataset: 'tank', name: 'holdfast-nas', guid: '1', createtxg: 1, creation: NOW },
    { dataset: 'tank', name: 'mine', guid: '2', createtxg: 2, creation: NOW },
  ];
  const found = scene(policies(keeping({ hourly: 1 })), { datasets: ['tank'], snapshots, bookmarks });
  assert.deepEqual(
    decisionsOf(found, nobody)[0]?.entries.map(({ stays }) => stays),
    ['base', null, 'cloned', 'counted'],
  );
});

test('nothing is pruned of a dataset whose service is held', () => {
  const snapshots = [1, 2, 3].map((txg) =>
    taken('hourly', (NOW - (10 - txg) * 3_600_000) as Instant, { dataset: 'tank', createtxg: txg }),
  );
  const found = scene(policies(keeping({ hourly: 1 })), { datasets: ['tank'], snapshots });
  assert.equal(decisionsOf(found, nobody)[0]?.entries.filter(({ stays }) => stays === null).length, 2);
  assert.deepEqual(
    decisionsOf(found, (dataset) => dataset === 'tank'),
    [],
  );
});
