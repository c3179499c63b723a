// Which datasets are held with their service: those it is declared to have, and what lies beneath them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Configuration } from '../../../src/config/configuration.ts';
import type { KeptEffect } from '../../../src/journal/journal.ts';
import { type Mount, MountTable } from '../../../src/domain/mount.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import { heldServices, STARTED_EMPTY } from '../../../src/engine/recover/empty-starts.ts';
import { datasetsAt, heldDatasets, heldWithin } from '../../../src/engine/recover/held-datasets.ts';

const kept = (service: string, at: number): KeptEffect => ({
  id: at,
  runId: '01',
  stepId: `recover:${service}`,
  kind: STARTED_EMPTY.kind,
  payload: { service },
  keptAt: at as Instant,
});
/** Newest first, as the journal answers. */
const journal = { keptEffects: () => [kept('wiki', 3), kept('app', 2), kept('app', 1)] };
const config = {
  datasets: [
    { name: 'tank/app', service: 'app' },
    { name: 'tank', service: null },
    { name: 'tank/other', service: 'other' },
  ],
  services: new Map([
    ['wiki', { name: 'wiki', backup: { zfsDataset: 'tank/wiki' } }],
    ['app', { name: 'app', backup: null }],
  ]),
} as unknown as Configuration; // what is looked at of it

test('a service is held since it was first started empty', () => {
  assert.deepEqual(heldServices(journal), [
    { service: 'app', since: 1 },
    { service: 'wiki', since: 3 },
  ]);
});

test('its datasets are held, declared for it or named by its backup, and what lies beneath them', async () => {
  const held = await heldDatasets(config, journal, new AbortController().signal);
  assert.deepEqual(held.map(({ name }) => name).toSorted(), ['tank/app', 'tank/wiki']);
  assert.equal(heldWithin('tank/app/uploads', held)?.service, 'app');
  assert.equal(heldWithin('tank/wiki', held)?.service, 'wiki');
  for (const free of ['tank', 'tank/apple', 'tank/other']) assert.equal(heldWithin(free, held), null);
});

const mounted = (id: number, path: string, source: string, type = 'zfs'): Mount => ({
  id,
  parent: 1,
  device: `0:${id}`,
  root: '/',
  path,
  readOnly: false,
  type,
  source,
});
const table = new MountTable([
  { ...mounted(1, '/', '/dev/vda1', 'ext4') },
  mounted(2, '/srv', 'tank/srv'),
  { ...mounted(3, '/srv/app/uploads', 'tank/uploads'), parent: 2 },
  { ...mounted(4, '/srv/app/.zfs/snapshot/a', 'tank/srv@a'), parent: 2 },
  mounted(5, '/data', 'tank/data'),
]);
const at = (path: string): (readonly [string, boolean])[] =>
  datasetsAt(path, table.holderOf(path), table).map(({ name, beneath }) => [name, beneath] as const);

test('the datasets that its paths really lie in are held, and those that are mounted inside of them', () => {
  assert.deepEqual(at('/srv/app'), [
    ['tank/srv', false], // others may have theirs beneath it
    ['tank/uploads', true],
  ]);
  assert.deepEqual(at('/data'), [['tank/data', true]]);
  assert.deepEqual(at('/home/app'), []);
});

test('of a dataset that it shares with others only that very one is held, not what lies beneath it', () => {
  const of = { service: 'app', since: 1 as Instant };
  const held = [{ name: 'tank/srv', beneath: false, of }];
  assert.equal(heldWithin('tank/srv', held), of);
  assert.equal(heldWithin('tank/srv/other', held), null);
});
