// The host that is a machine.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { FILES, hostContract } from './host-contract.ts';

const skip = missingFor('machine');
const THEN = Date.parse('2031-05-06T07:08:09Z') as Instant;
const LATER = Date.parse('2033-05-06T07:08:09Z') as Instant;
let lab: Lab;
let host: Machine;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', files: FILES, disks: ['200MB', '200MB'], clock: THEN });
  },
  { timeout: 600_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

hostContract({ skip, host: () => host, keepsUnsynced: false });

test('it has real OpenZFS on disks of its own, which have no cache to lose', { skip }, async () => {
  await host.exec(['zpool', 'create', 'tank', 'mirror', ...host.disks]);
  await host.sh('zfs create -o compression=lz4 tank/data && echo now >/tank/data/file && zfs snapshot tank/data@then');
  await host.sh('echo later >/tank/data/file');
  assert.equal(await host.read('/tank/data/.zfs/snapshot/then/file'), 'now\n');
  assert.equal(await host.read('/sys/block/vda/queue/write_cache'), 'write through\n');
});

test('its clock shows what it was given, also after its boots, and can be set', { skip }, async () => {
  assert.match(await host.tell('date', '--utc', '--iso-8601'), /^2031-05-06/);
  await host.setClock(LATER);
  assert.match(await host.tell('date', '--utc', '--iso-8601'), /^2033-05-06/);
});

test('what a command prints is whole or an error', { skip }, async () => {
  await assert.rejects(host.exec(['head', '-c', '17M', '/dev/zero']), /more than 16 MiB/);
});
