// Snapshots by calendar and where they are sent, as they are written and as they hold.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accepted, assertSays, BASE, errorsOf, warningsOf } from './support/files.ts';

const zfs = (text: string): string => `${BASE}services: {a: {backup: {paths: [/a]}}}\nreplication: {zfs: ${text}}\n`;
const NONE = { frequently: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };

test('a dataset has the counts of its template, and what is written beside it wins', async () => {
  const written =
    '{templates: {usual: {hourly: 24, daily: 7, autoprune: false}}, datasets: {tank/a: {template: usual, daily: 0, recursive: true}, tank/b: {weekly: 4, autosnap: false, recursive: children}}}';
  const { snapshots } = (await accepted(zfs(written))).replication;
  assert.deepEqual(snapshots, {
    adopt: 'beside',
    datasets: [
      { dataset: 'tank/a', reach: 'tree', keep: { ...NONE, hourly: 24 }, autosnap: true, autoprune: false },
      { dataset: 'tank/b', reach: 'children', keep: { ...NONE, weekly: 4 }, autosnap: false, autoprune: true },
    ],
  });
});

test('a target has its standards, and its lag is a duration', async () => {
  const { targets } = (await accepted(zfs('{targets: {nas: {destination: "b@nas:t/x", datasets: [tank/a], maxLag: 2h}}}')))
    .replication;
  assert.deepEqual(targets, [
    {
      name: 'nas',
      destination: 'b@nas:t/x',
      datasets: ['tank/a'],
      exclude: [],
      frequency: 'hourly',
      raw: true,
      maxLag: 2 * 3_600_000,
      concurrency: 2,
      limit: null,
      keep: null,
    },
  ]);
});

const ERRORS: readonly (readonly [name: string, text: string, says: string])[] = [
  [
    'a dataset that would keep nothing is an error',
    '{datasets: {tank/a: {recursive: true}}}',
    'replication.zfs.datasets["tank/a"]: it keeps no snapshot of any kind',
  ],
  [
    'a template that keeps nothing is found where it is used',
    '{templates: {no: {daily: 0}}, datasets: {tank/a: {template: no}}}',
    'it keeps no snapshot of any kind',
  ],
  ['a snapshot is not a dataset', '{datasets: {"tank/a@b": {daily: 1}}}', 'expected the full name of a dataset'],
  ['recursive is one of three', '{datasets: {tank/a: {daily: 1, recursive: zfs}}}', "expected true, false or 'children'"],
  ['an unknown way to live with sanoid', '{adopt: sanoit}', "did you mean 'sanoid'?"],
];

for (const [name, text, says] of ERRORS) {
  test(name, async () => assertSays(await errorsOf(zfs(text)), [says]));
}

test('what is left out of both is allowed to keep nothing', async () => {
  const { snapshots } = (await accepted(zfs('{datasets: {tank/a: {autosnap: false, autoprune: false}}}'))).replication;
  assert.equal(snapshots.datasets.length, 1);
});

test('a target prunes by a template, and two datasets never have one replica', async () => {
  const { targets } = (
    await accepted(
      zfs(
        '{templates: {far: {daily: 30}}, targets: {nas: {destination: b@nas:t/x, datasets: [tank/a], template: far, limit: 4MiB/s}}}',
      ),
    )
  ).replication;
  assert.deepEqual([targets[0]?.keep, targets[0]?.limit], [{ ...NONE, daily: 30 }, 4 * 1024 ** 2]);
  const target = (text: string): string => zfs(`{targets: {nas: ${text}}}`);
  assertSays(await errorsOf(target('{destination: b@nas:t/x, datasets: [tank/a, other/a]}')), [
    'replication.zfs.targets.nas.datasets[1]: other/a and tank/a would have one replica, t/x/a',
  ]);
  assertSays(await errorsOf(target('{destination: b@nas:t/x, datasets: [tank/a, tank/a/b]}')), [
    'replication.zfs.targets.nas.datasets[1]: tank/a/b is sent with what is above it already',
  ]);
  assertSays(await errorsOf(target('{destination: tank/a, datasets: [tank]}')), [
    'replication.zfs.targets.nas.datasets[0]: tank would be sent into itself, to tank/a',
  ]);
  assertSays(await errorsOf(target('{destination: "b@nas:", datasets: [tank/a]}')), [
    'replication.zfs.targets.nas.destination: expected user@host:pool/dataset or pool/dataset',
  ]);
  assertSays(
    await errorsOf(
      zfs('{templates: {off: {autosnap: false}}, targets: {nas: {destination: t/x, datasets: [tank/a], template: off}}}'),
    ),
    ['replication.zfs.targets.nas.template: it keeps no snapshot of any kind'],
  );
  assertSays(await errorsOf(target('{destination: t/x, datasets: [tank/a], template: none}')), [
    "replication.zfs.targets.nas.template: there is no template 'none'",
  ]);
});

test('data that is to come back from a replica is sent to one, or that is told before it is lost', async () => {
  const text = (targets: string): string =>
    `${BASE}services: {a: {dataset: {name: tank/a, mountpoint: /a}, backup: {paths: [/a]}, recover: {sources: [replica, repository]}}}\nreplication: {zfs: {targets: {${targets}}}}\n`;
  const replica = async (targets: string): Promise<string[]> =>
    (await warningsOf(text(targets))).filter((line) => line.includes('there is no replica'));
  assertSays(await replica(''), ['services.a.recover.sources: there is no replica: no target is declared']);
  assertSays(await replica('nas: {destination: "nas:t/x", datasets: [tank/b]}'), [
    'services.a.recover.sources: there is no replica of it: no target is sent tank/a',
  ]);
  assert.deepEqual(await replica('nas: {destination: "nas:t/x", datasets: [tank]}'), []);
});
