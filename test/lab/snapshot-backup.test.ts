// Backups from temporary snapshots of real OpenZFS: the contract of all of them, and what ZFS alone has.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import { stepOf } from '../support/cli.ts';
import { holdfast } from './support/holdfast-on.ts';
import {
  assertNothingLeft,
  namesOf,
  prepare,
  runAnd,
  snapshotContract,
  type SnapshotHost,
} from './support/snapshot-contract.ts';

const skip = missingFor('machine');
let lab: Lab;
let machine: Machine;

const zfs: SnapshotHost = {
  host: () => machine,
  skip,
  program: { path: '/usr/sbin/zfs', take: 'snapshot*', remove: 'destroy*' },
  names: /^tank\/app@holdfast-\w+-\d tank\/media@holdfast-\w+-\d$/,
  list: async () =>
    (await machine.tell('zfs', 'list', '-H', '-t', 'snapshot', '-o', 'name')).split('\n').filter((line) => line !== ''),
  async forge(name) {
    const [, run = ''] = /@holdfast-(\w+)-1$/.exec(name) ?? [];
    const beside = `tank/media@holdfast-${run}-2`;
    await machine.sh('zfs destroy "$1" && zfs snapshot "$1" && zfs snapshot -o holdfast:run="$2" "$3"', [name, run, beside]);
    return [name, beside];
  },
};

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    machine = await lab.machine({ name: 'forge', disks: ['200MB'] });
    await machine.sh(
      `set -e
zpool create -O mountpoint=none tank "$1"
zfs create -o mountpoint=/srv/app tank/app
zfs create -o mountpoint=/srv/app/media tank/media`,
      machine.disks,
    );
    await prepare(machine, {
      wrong: { backup: { paths: ['/srv/app/data/1'], zfsDataset: 'tank/media', repositories: ['near'] } },
    });
  },
  { timeout: 600_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

snapshotContract('ZFS', zfs);

/** Until both of two are there. */
const BOTH = 'touch /run/in-$$; until test $(ls /run | grep -c ^in-) = 2; do sleep 0.1; done';

test('jobs that read at the same time share a snapshot, which goes with the last of them', { skip }, async () => {
  const ran = await runAnd(machine, BOTH, ['run', 'app']);
  const [near, far] = ['near', 'far'].map((name) => namesOf(ran, `backup:app@${name}`));
  assert.equal(near?.length, 2);
  assert.deepEqual(far, near);
  await assertNothingLeft(zfs);
});

test('a damaged database is found in the snapshot, and its copy is no success', { skip }, async () => {
  await machine.sh(String.raw`cd /srv/app/data
/opt/holdfast/node --no-warnings -e "
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync('app.db');
database.exec('CREATE TABLE b (x); BEGIN');
for (let n = 0; n < 300; n += 1) database.exec('INSERT INTO b VALUES (hex(randomblob(100)))');
database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
database.close();"
dd if=/dev/urandom of=app.db bs=1000 seek=20 count=20 conv=notrunc`);
  const { report } = await holdfast(machine, ['run', 'app', '--repository', 'near']);
  const { outcome, reason } = stepOf(report, 'backup:app@near');
  assert.equal(outcome, 'partial');
  assert.match(reason ?? '', /^\/srv\/app\/data\/app\.db is damaged in the snapshot: /);
});

test('a dataset that is not the declared one is refused before anything is made', { skip }, async () => {
  const { report } = await holdfast(machine, ['run', 'wrong']);
  const { outcome, error } = stepOf(report, 'backup:wrong@near');
  assert.notEqual(outcome, 'succeeded');
  assert.match(error?.message ?? '', /zfsDataset is tank\/media, but \/srv\/app\/data\/1 lies in tank\/app/);
  await assertNothingLeft(zfs);
});
