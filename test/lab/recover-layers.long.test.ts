// The incident that a PostgreSQL server must outlive, on real OpenZFS: two datasets at one mountpoint, the one that is seen is emptied,
// and a file survives on the one that is hidden. Nothing starts on that, and what is told to be done brings every row back.
// Each test goes on where the one before has ended.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import { configure, holdfast } from './support/holdfast-on.ts';
import {
  ARCHIVING,
  DATA,
  makeRepositories,
  POSTGRES_PACKAGES,
  promoted,
  SERVER,
  SETTINGS,
  sql,
} from './support/postgres-on.ts';
import { Recovering } from './support/recovery-on.ts';

const skip = missingFor('machine');
const REPOSITORY = '/var/backups/pgbackrest';
/** By itself; a day may end at any moment. */
const NEVER = { frequency: '*-01-01 00:00' };

let lab: Lab;
let host: Machine;
let db: Recovering;

/** The cluster that its image came with: to make another one takes an emulated machine a minute. */
const ON_A_DATASET = `set -e
systemctl stop ${SERVER}
mv ${DATA} ${DATA}.image
zpool create -O mountpoint=none tank "$1"
zfs create -o mountpoint=${DATA} tank/pg
cp -a ${DATA}.image/. ${DATA}
rm -r ${DATA}.image
systemctl start ${SERVER}`;

const INCIDENT = `set -e
systemctl stop ${SERVER}
zfs unmount tank/pg
zfs create -o mountpoint=${DATA} tank/other
echo precious >${DATA}/survivor
zfs mount tank/pg
rm -rf ${DATA}/*`;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', disks: ['1GB'], packages: POSTGRES_PACKAGES });
    await host.write(`${SETTINGS}/conf.d/lab.conf`, `${ARCHIVING}min_wal_size = 32MB\nmax_wal_size = 64MB\n`);
    await host.sh(ON_A_DATASET, host.disks);
    await makeRepositories(host, [REPOSITORY]);
    const postgres = {
      engine: 'pgbackrest',
      dataDir: DATA,
      stanza: 'main',
      full: NEVER,
      incremental: NEVER,
      repositories: [{ path: REPOSITORY }],
    };
    await configure(host, { repositories: {}, services: { db: { unit: SERVER, postgres, recover: {} } } });
    await host.exec(['holdfast', 'postgres', 'configure', 'db']);
    await host.exec(['holdfast', 'run', 'db']);
    await host.exec(['holdfast', 'units', 'install']);
    db = new Recovering(host, 'db', SERVER);
    await sql(host, 'create table kept as select generate_series(1, 1000) n'); // after the only backup
    await host.sh(INCIDENT);
  },
  { timeout: 600_000 },
);
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** What lies on the dataset that is hidden, and on the one that is seen. */
const names = async (): Promise<readonly string[]> => {
  const hidden = await host.sh('unshare --mount sh -c \'umount "$1"; ls -A "$1"\' sh "$1"', [DATA]);
  return [hidden.stdout.trim(), await host.tell('ls', '-A', DATA)];
};

test(
  'it does not start while one dataset hides the other, which is told with what shows it again',
  { skip, timeout: 600_000 },
  async () => {
    await db.start();
    assert.equal(await db.state(), 'inactive');
    const told = await db.reason();
    assert.match(
      told,
      new RegExp(
        `the dataset tank/other, mounted at ${DATA} with [\\d.]+ KiB used, is hidden: the dataset tank/pg is mounted over it`,
      ),
    );
    assert.deepEqual(await names(), ['survivor', '']);
    const [, show = '', last = ''] = /; (umount \S+), which shows .* come back: (zfs set \S+ \S+)$/m.exec(told) ?? [];
    assert.deepEqual([show, last], [`umount ${DATA}`, 'zfs set canmount=noauto tank/pg']);
    await host.sh(`${show} && ${last}`);
  },
);

test(
  'what survived is no cluster: it stays as it is until somebody has moved it away',
  { skip, timeout: 600_000 },
  async () => {
    await db.start();
    assert.equal(await db.state(), 'inactive');
    assert.match(
      await db.reason(),
      /holds a part of a cluster \(neither PG_VERSION nor global\/pg_control is there, but survivor\)/,
    );
    await host.sh(`mv ${DATA}/* /root`);
    assert.equal(await host.read('/root/survivor'), 'precious\n');
  },
);

test(
  'then every committed row is back, on the dataset that is seen, and the next backup is good',
  { skip, timeout: 600_000 },
  async () => {
    await db.start();
    assert.equal(await db.state(), 'active', await host.journal(db.recover));
    await promoted(host);
    assert.equal(await sql(host, 'select count(*) from kept'), '1000');
    await sql(host, 'checkpoint');
    assert.equal(await sql(host, 'select timeline_id from pg_control_checkpoint()'), '2');
    assert.equal(await host.tell('stat', '--file-system', '--format=%T', DATA), 'zfs');
    assert.doesNotMatch(await host.tell('ls', '-A', DATA), /\.main\.before-/, 'an empty directory is not kept');
    assert.equal((await holdfast(host, ['run', 'db'])).exitCode, 0);
  },
);
