// The host that is a machine.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { FILES, hostContract } from './host-contract.ts';

const skip = missingFor('machine');
const NEXT_YEAR = Date.parse('2031-05-06T07:08:09Z') as Instant;
let lab: Lab;
let host: Machine;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', files: FILES, disks: ['200MB', '200MB'] });
  },
  { timeout: 600_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

test('it has real OpenZFS on disks of its own', { skip }, async () => {
  await host.exec(['zpool', 'create', 'tank', 'mirror', ...host.disks]);
  await host.sh('zfs create -o compression=lz4 tank/data && echo now >/tank/data/file && zfs snapshot tank/data@then');
  await host.sh('echo later >/tank/data/file');
  assert.equal(await host.read('/tank/data/.zfs/snapshot/then/file'), 'now\n');
});

test('its clock can be set, and stays so after a boot', { skip }, async () => {
  await host.setClock(NEXT_YEAR);
  assert.match(await host.tell('date', '--utc', '--iso-8601'), /^2031-05-06/);
});

hostContract({ skip, host: () => host, keepsUnsynced: false });

test('after all of that its clock still shows another year, and its pool is whole', { skip }, async () => {
  assert.match(await host.tell('date', '--utc', '--iso-8601'), /^2031-05-06/);
  assert.equal(await host.tell('zpool', 'list', '-H', '-o', 'health', 'tank'), 'ONLINE');
  assert.equal(await host.read('/tank/data/.zfs/snapshot/then/file'), 'now\n');
});
