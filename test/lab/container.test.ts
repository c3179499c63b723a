// The host that is a container.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { FILES, hostContract } from './host-contract.ts';
import { eventually } from './support/eventually.ts';

const skip = missingFor('container');
let lab: Lab;
let host: Container;

before(async () => {
  if (skip) return;
  lab = await openLab();
  host = await lab.container({
    name: 'forge',
    files: FILES,
    fileSystems: { '/srv/btrfs': { type: 'btrfs', size: '200MB' }, '/srv/small': { type: 'ext4', size: '16MB' } },
  });
});
after(async () => await lab?.[Symbol.asyncDispose]());

hostContract({ skip, host: () => host, keepsUnsynced: true });

test(
  'it has file systems of its own, also after a boot: btrfs with subvolumes and snapshots, and one that is soon full',
  { skip },
  async () => {
    await host.sh('btrfs -q subvolume create /srv/btrfs/data && echo now >/srv/btrfs/data/file');
    await host.exec(['btrfs', '-q', 'subvolume', 'snapshot', '-r', '/srv/btrfs/data', '/srv/btrfs/then']);
    await host.sh('echo later >/srv/btrfs/data/file');
    await host.powerCut();
    await host.boot();
    assert.equal(await host.read('/srv/btrfs/then/file'), 'now\n');
    await assert.rejects(host.sh('head -c 20M /dev/zero >/srv/small/file'), /No space left on device/);
  },
);

test('a boot fails where a unit does, unless that one may', { skip }, async () => {
  const early = await host.read('/usr/local/bin/early');
  await host.write('/usr/local/bin/early', '#!/bin/sh\nexit 1\n', 0o755);
  await host.shutdown();
  await assert.rejects(host.boot(), /systemd is degraded: early\.service/);
  await assert.rejects(host.boot(['other.service']), /systemd is degraded: early\.service/);
  await host.boot(['other.service', 'early.service']);
  await host.write('/usr/local/bin/early', early, 0o755);
  await host.shutdown();
  await host.boot();
});

test('its power may be cut in the middle of a boot, which fails then; the next one goes well', { skip }, async () => {
  await host.shutdown();
  const booting = assert.rejects(host.boot());
  await eventually(() =>
    // as soon as there is something that ends
    host.powerCut().then(
      () => true,
      () => false,
    ),
  );
  await booting;
  await assert.rejects(host.powerCut(), /does not run/);
  await host.boot();
});

test('it sees nothing of this machine: not its processes, its network, or its files', { skip }, async () => {
  assert.equal(await host.tell('sh', '-c', 'ls /sys/class/net'), 'lo');
  assert.equal((await host.sh('kill -0 "$1"', [String(process.pid)], { anyExit: true })).exitCode, 1);
  assert.equal((await host.sh('ls "$1"', [import.meta.dirname], { anyExit: true })).exitCode, 2);
});

test('two hosts of one name cannot be at once, nor one of a name that is none', { skip }, async () => {
  await assert.rejects(lab.container({ name: 'forge' }), /there is a host forge already/);
  await assert.rejects(lab.container({ name: 'Forge!' }), /is no name for a host/);
  for (const round of ['first', 'second']) {
    await using other = await lab.container({ name: 'other', files: { '/srv/round': round } });
    assert.equal(await other.read('/srv/round'), round);
  }
});

test('a host that is disposed of while it boots is gone, and its boot fails', { skip }, async () => {
  let booting: Promise<unknown>;
  {
    await using other = await openLab();
    booting = other.container({ name: 'early' });
    booting.catch(() => {}); // looked at below
    const directory = join(other.directory, 'hosts', 'early');
    while (!existsSync(join(directory, 'console.log'))) await delay(5); // nspawn has begun
  }
  await assert.rejects(booting, /boot|ended|closed/);
});

test('a network may be disposed of before its hosts, and again with the lab', { skip }, async () => {
  await using other = await openLab();
  await using network = await other.network(['forge', 'hub']);
  const hub = await other.container({ name: 'hub', network });
  await network[Symbol.asyncDispose]();
  assert.equal(await hub.tell('hostname'), 'hub');
});

test('what would be written outside of a host, or hidden in it, is refused', { skip }, async () => {
  for (const path of ['/../outside', 'relative', '/srv/../x', '/run/x', '/tmp/x', '/a\nb', '/']) {
    await assert.rejects(lab.container({ name: 'odd', files: { [path]: 'x' } }), { code: 'usage' }, path);
    await using other = await openLab();
    if (path.startsWith('/run') || path.startsWith('/tmp')) continue;
    const fileSystems = { [path]: { type: 'ext4', size: '16MB' } } as const;
    await assert.rejects(other.container({ name: 'odd', fileSystems }), { code: 'usage' }, path);
  }
});

test('a host that does not come up says why, and can be told apart from one that takes long', { skip }, async () => {
  const files = {
    '/etc/systemd/system/multi-user.target.d/x.conf': '[Unit]\nWants=broken.service\n',
    '/etc/systemd/system/broken.service': '[Service]\nType=oneshot\nExecStart=/bin/false\n',
  };
  await assert.rejects(lab.container({ name: 'broken', files }), { message: /degraded: .*broken\.service/ });
});
