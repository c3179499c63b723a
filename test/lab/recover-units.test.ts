// A PostgreSQL server under its unit of Debian, and a service that is new: what starts when data is lost, what comes back by itself, and
// what is held back and says why.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { eventually } from './support/eventually.ts';
import { configure, holdfast } from './support/holdfast-on.ts';
import {
  ARCHIVING,
  DATA,
  makeCluster,
  makeRepositories,
  POSTGRES_PACKAGES,
  promoted,
  SERVER,
  sql,
} from './support/postgres-on.ts';
import { quickRepositories } from './support/quick-on.ts';
import { Recovering } from './support/recovery-on.ts';

const skip = missingFor('container');
const NOTES = 'notes.service';
const NEAR = '/mnt/near/pgbackrest';
const NAS = '/mnt/nas/pgbackrest';
const PASSPHRASE = '/etc/holdfast/passphrase';
const FULL = 'holdfast-run@db@full';
/** By itself; a day may end at any moment. */
const NEVER = { frequency: '*-01-01 00:00' };

let lab: Lab;
let host: Container;
let db: Recovering;
let fresh: Recovering;

const services = {
  db: {
    unit: SERVER,
    postgres: {
      engine: 'pgbackrest',
      dataDir: DATA,
      stanza: 'main',
      full: NEVER,
      incremental: NEVER,
      repositories: [NEAR, NAS].map((path) => ({ path, cipherPassFile: PASSPHRASE })),
    },
    recover: {},
  },
  notes: {
    unit: NOTES,
    backup: { paths: ['/srv/notes'], ...NEVER },
    protection: { allowEmptyStart: true },
    recover: {},
  },
};

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.container({ name: 'forge', packages: POSTGRES_PACKAGES });
    await makeCluster(host, ARCHIVING);
    await makeRepositories(host, [NEAR, NAS]);
    await configure(host, { repositories: { files: { url: '/mnt/nas/files' } }, services });
    await host.write(PASSPHRASE, 'staple\n', 0o600);
    await host.write('/etc/systemd/system/notes.service', '[Service]\nExecStart=/bin/sleep infinity\n');
    await quickRepositories(host, ['/mnt/nas/files']);
    await host.exec(['holdfast', 'postgres', 'configure', 'db']);
    await sql(host, 'create table kept (n int)');
    await host.exec(['holdfast', 'run', 'db']);
    await host.exec(['holdfast', 'units', 'install']);
    db = new Recovering(host, 'db', SERVER);
    fresh = new Recovering(host, 'notes', NOTES);
    await db.lookSoon();
  },
  { timeout: 300_000 },
);
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

const away = (path: string): Promise<unknown> => host.sh('mv "$1" "$1.away"', [path]);
const back = (path: string): Promise<unknown> => host.sh('[ ! -e "$1.away" ] || mv "$1.away" "$1"', [path]);
/** As the incident had it: what is hidden stays. */
const lose = (): Promise<unknown> => host.sh(`systemctl stop ${SERVER} && touch ${DATA}/.hidden && rm -rf ${DATA}/*`);
const commit = (): Promise<unknown> => sql(host, 'insert into kept select generate_series(1, 1000)');
const rows = async (): Promise<number> => Number(await sql(host, 'select count(*) from kept'));
const timeline = async (): Promise<number> => Number(await sql(host, 'select timeline_id from pg_control_checkpoint()'));

test('an emptied server has every committed row after the start of its unit, and archives', { skip }, async () => {
  await commit();
  const old = await timeline();
  await lose();
  await db.start();
  assert.equal(await db.state(), 'active', await host.journal(db.recover));
  await promoted(host);
  assert.equal(await rows(), 1000);
  await sql(host, 'checkpoint');
  assert.equal(await timeline(), old + 1);
  assert.equal(await sql(host, 'show archive_mode'), 'on');
  await host.tell('runuser', '-u', 'postgres', '--', 'pgbackrest', '--stanza=main', 'check');
  assert.equal((await holdfast(host, ['run', 'db'])).exitCode, 0);
});

test('with the first repository away at its start it comes from the second', { skip }, async () => {
  await commit();
  const all = await rows();
  await lose();
  await away(NEAR);
  await db.start();
  assert.equal(await db.state(), 'active', await host.journal(db.recover));
  await promoted(host);
  assert.equal(await rows(), all);
  assert.match(await db.reason(), /from repo2/);
  await back(NEAR);
});

test(
  'a boot without any repository holds it back and says why, and when one is there again it comes up by itself',
  { skip },
  async () => {
    await commit();
    const all = await rows();
    await lose();
    await Promise.all([away(NEAR), away(NAS)]);
    await host.shutdown();
    await host.boot([db.recover]);
    assert.equal(await db.state(), 'inactive');
    assert.match(await db.reason(), /repo1 did not answer .*repo2 did not answer/s);
    assert.deepEqual(await host.tell('ls', '-A', DATA), '.hidden');
    assert.equal(await db.state(db.again), 'active');
    await back(NAS);
    await db.anHourLater();
    await eventually(async () => (await db.state()) === 'active');
    await promoted(host);
    assert.equal(await rows(), all);
    await eventually(async () => (await db.state(db.again)) === 'inactive');
    await back(NEAR);
  },
);

test(
  'a backup that was missed while the machine was off waits until the server is back, and is made',
  { skip },
  async () => {
    // as if one were due
    const always = String.raw`(printf '[Service]\nExecStart=\n'; sed -n '/^ExecStart=/s/ --due//p' "$1") >"$1.d/always.conf"`;
    await host.sh(`cd /etc/systemd/system && mkdir -p "$1.d" && ${always}`, [`${FULL}.service`]);
    await lose();
    await host.sh(`touch -d '3 years ago' /var/lib/systemd/timers/stamp-${FULL}.timer`);
    await host.shutdown();
    await host.boot(); // everything that was to start has
    assert.equal(await db.state(), 'active');
    const run = await host.journal(`${FULL}.service`);
    assert.equal(await db.show(`${FULL}.service`, 'Result'), 'success', run);
    assert.match(run, /✓ +Back up the PostgreSQL server of db to repo1/);
  },
);

test('with a passphrase that is wrong it does not start, which nothing but a person mends', { skip }, async () => {
  const all = await rows();
  const passphrase = (from: string, to: string): Promise<unknown> =>
    host.sh(`sed -i s/cipher-pass=${from}/cipher-pass=${to}/ /etc/pgbackrest/conf.d/holdfast-main.conf`);
  await lose();
  await passphrase('staple', 'stable');
  await db.start();
  assert.equal(await db.state(), 'inactive');
  assert.match(await db.reason(), /repo2 did not answer \(its backup\.info cannot be decrypted: the passphrase is not/);
  await db.givenUp();
  await passphrase('stable', 'staple');
  await db.start();
  assert.equal(await db.state(), 'active', await host.journal(db.recover));
  await promoted(host);
  assert.equal(await rows(), all);
});

test(
  'whose cluster is there starts without any repository; a part of one, or another in its place, never starts',
  { skip },
  async () => {
    await host.exec(['systemctl', 'stop', SERVER]); // with repositories that are there, or it would go on trying to archive
    await Promise.all([away(NEAR), away(NAS)]);
    await db.start();
    assert.equal(await db.state(), 'active');
    await Promise.all([back(NEAR), back(NAS)]);

    await host.sh(
      `systemctl stop ${SERVER} && mv ${DATA} ${DATA}.real && cp -a ${DATA}.real ${DATA} && rm ${DATA}/global/pg_control`,
    );
    await db.start();
    assert.equal(await db.state(), 'inactive');
    assert.match(await db.reason(), /a part of a cluster/);
    await db.givenUp();

    await host.sh(`rm -rf ${DATA} && runuser -u postgres -- /usr/lib/postgresql/*/bin/initdb --no-sync -D ${DATA}`);
    await db.start();
    assert.equal(await db.state(), 'inactive');
    assert.match(await db.reason(), /another cluster has taken its place/);
    await host.sh(`rm -rf ${DATA} && mv ${DATA}.real ${DATA}`);
    await db.start();
    assert.equal(await db.state(), 'active');
  },
);

test('a service that is new starts on nothing once somebody has said so, for that once', { skip }, async () => {
  await fresh.start();
  assert.equal(await fresh.state(), 'inactive');
  assert.match(await fresh.reason(), /--allow-empty-once/);
  await host.exec(['holdfast', 'recover', 'notes', '--allow-empty-once']);
  await fresh.start();
  assert.equal(await fresh.state(), 'active');
  await host.exec(['systemctl', 'stop', NOTES]);
  await fresh.start();
  assert.equal(await fresh.state(), 'inactive', 'it was for one start');
});
