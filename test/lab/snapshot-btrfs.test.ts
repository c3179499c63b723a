// Backups from temporary snapshots of btrfs: the contract of all of them, with a subvolume inside of a subvolume.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { prepare, snapshotContract, type SnapshotHost } from './support/snapshot-contract.ts';

const skip = missingFor('container');
let lab: Lab;
let container: Container;

const SNAPSHOTS = '/srv/app/media/.holdfast-snapshots';

const btrfs: SnapshotHost = {
  host: () => container,
  skip,
  program: { path: '/usr/bin/btrfs', take: 'subvolume*snapshot*', remove: 'subvolume*delete*' },
  names: /^\/srv\/app\/\.holdfast-snapshots\/holdfast-\w+-\d \/srv\/app\/media\/\.holdfast-snapshots\/holdfast-\w+-\d$/,
  list: async () =>
    (await container.sh('find /srv/app -path "*/.holdfast-snapshots/*" -prune')).stdout
      .split('\n')
      .filter((line) => line !== ''),
  async forge(name) {
    const beside = `${name}-mine`;
    await container.sh(
      'set -e; btrfs subvolume delete "$1"; mkdir -p "$3"; btrfs subvolume create "$1"; btrfs subvolume snapshot -r /srv/app/media "$2"',
      [name, beside, SNAPSHOTS],
    );
    return [name, beside];
  },
};

before(async () => {
  if (skip) return;
  lab = await openLab();
  container = await lab.container({ name: 'forge', fileSystems: { '/srv/app': { type: 'btrfs', size: '200MB' } } });
  await container.sh('btrfs subvolume create /srv/app/media');
  await prepare(container);
});
after(async () => await lab?.[Symbol.asyncDispose]());

snapshotContract('btrfs', btrfs);

test('doctor says beforehand which runs are from snapshots, and which will be partial', { skip }, async () => {
  const { stdout } = await container.exec(['holdfast', 'doctor'], { anyExit: true });
  const told = stdout.replaceAll(/\s+/g, ' ');
  assert.match(told, /\/srv\/loose is read as it lives, .*: its runs are partial/);
  assert.match(told, /backed up from snapshots of \/srv\/app, \/srv\/app\/media/);
});
