// A PostgreSQL server under its unit of Debian whose data is not what it should be: it does not start, says why and what to do, nothing is
// changed by that, and when it is mended it starts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { textAt } from '../../src/lib/json.ts';
import { stepOf } from '../support/cli.ts';
import { eventually } from './support/eventually.ts';
import { type Answer, configure, holdfast } from './support/holdfast-on.ts';
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
import { printOf, Recovering } from './support/recovery-on.ts';

const skip = missingFor('container');
const REPOSITORY = '/mnt/near/pgbackrest';
/** Where the data really is: it is mounted at its place by /etc/fstab. */
const DISK = '/mnt/disk/data';
const ABOVE = DATA.replace(/\/[^/]+$/, '');
const PROGRAMS = '/usr/lib/postgresql/17/bin';
/** By itself; a day may end at any moment. */
const NEVER = { frequency: '*-01-01 00:00' };

const services = {
  db: {
    unit: SERVER,
    postgres: {
      engine: 'pgbackrest',
      dataDir: DATA,
      stanza: 'main',
      full: NEVER,
      incremental: NEVER,
      repositories: [{ path: REPOSITORY }],
    },
    protection: { allowEmptyStart: true }, // nor does it start empty where that is allowed
    recover: {},
  },
};

let lab: Lab;
let host: Container;
let db: Recovering;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.container({
      name: 'forge',
      packages: POSTGRES_PACKAGES,
      fileSystems: { '/mnt/disk': { type: 'btrfs', size: '1GB' } },
    });
    await makeCluster(
      host,
      ARCHIVING,
      `mkdir ${DISK} ${DATA} && chown postgres: ${DISK} && echo '${DISK} ${DATA} none bind' >>/etc/fstab && systemctl daemon-reload && mount ${DATA}`,
    );
    await makeRepositories(host, [REPOSITORY]);
    await configure(host, { repositories: {}, services });
    await host.exec(['holdfast', 'postgres', 'configure', 'db']);
    await sql(host, 'create table kept as select generate_series(1, 1000) n');
    await host.exec(['holdfast', 'run', 'db']);
    await host.exec(['holdfast', 'units', 'install']);
    db = new Recovering(host, 'db', SERVER);
    await db.lookSoon();
  },
  { timeout: 300_000 },
);
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

const rows = (): Promise<string> => sql(host, 'select count(*) from kept');
const timeline = (): Promise<string> => sql(host, 'select timeline_id from pg_control_checkpoint()');
const stop = (): Promise<unknown> => host.exec(['systemctl', 'stop', SERVER]);
const asPostgres = (...argv: readonly string[]): Promise<unknown> => host.exec(['runuser', '-u', 'postgres', '--', ...argv]);

/** By its start, by a rehearsal, and by whoever says that it is new. What lies in the places is what lay there before. */
async function assertHeld(why: RegExp, places: readonly string[] = [DISK, REPOSITORY]): Promise<string> {
  await host.exec(['holdfast', 'recover', 'db', '--allow-empty-once']);
  const print = await printOf(host, ...places);
  await db.start();
  assert.equal(await db.state(), 'inactive');
  const told = await db.reason();
  assert.match(told, why);
  const { report } = await holdfast(host, ['recover', 'db', '--dry-run']);
  const rehearsed = stepOf(report, 'recover:db').result ?? {};
  assert.equal(rehearsed['action'], 'block');
  assert.match(textAt(rehearsed, 'reason') ?? '', why);
  assert.deepEqual([...print.symmetricDifference(await printOf(host, ...places))], []);
  return told;
}

async function assertBack(): Promise<void> {
  await db.start();
  const said = await host.journal(db.recover);
  assert.equal(await db.state(), 'active', said);
  await promoted(host);
  assert.equal(await rows(), '1000');
  assert.doesNotMatch(said, /comes into every backup/, 'an empty directory is not kept');
}

for (const over of [DATA, ABOVE]) {
  test(
    `hidden by what is mounted at ${over} it waits for a person, who is told how it is seen again`,
    { skip },
    async () => {
      const old = await timeline();
      await stop();
      await host.sh(`mount -t tmpfs tmpfs ${over} && mkdir -p ${DATA}`);
      const told = await assertHeld(
        /the btrfs file system \S+, mounted at \S+\/main, is hidden: a tmpfs is mounted (?:over it|at \S+, above it)/,
        [DISK, REPOSITORY, over],
      );
      await db.givenUp();
      const [, mend = ''] = /; (umount \S+), which shows the btrfs file system/.exec(told) ?? [];
      assert.equal(mend, `umount ${over}`, told);
      const doctor = await host.exec(['holdfast', 'doctor'], { anyExit: true });
      assert.ok(doctor.stdout.replaceAll(/\s+/g, ' ').includes(mend), doctor.stdout);
      await host.sh(mend);
      await assertBack();
      assert.equal(await timeline(), old, 'nothing was restored');
    },
  );
}

test(
  'where its file system is not mounted nothing is put in its place, and when it can be it starts by itself',
  { skip },
  async () => {
    const old = await timeline();
    await stop();
    await host.sh(`umount ${DATA} && mv ${DISK} ${DISK}.away && touch ${DISK}`); // a missing one systemd would make
    await assertHeld(new RegExp(`nothing is mounted at ${DATA}, where`), [`${DISK}.away`, REPOSITORY]);
    assert.equal(await host.tell('ls', '-A', DATA), '', 'nothing is written below its mount point');
    assert.equal(await db.state(db.again), 'active');
    await host.sh(`rm ${DISK} && mv ${DISK}.away ${DISK}`);
    await db.anHourLater();
    await eventually(async () => (await db.state()) === 'active');
    assert.deepEqual([await rows(), await timeline()], ['1000', old]);
  },
);

test('a repository that holds another cluster only is none that it comes back from', { skip }, async () => {
  await stop();
  await host.sh(`mv ${REPOSITORY} ${REPOSITORY}.real; rm -rf ${DATA}/*`);
  await makeRepositories(host, [REPOSITORY]);
  await asPostgres(`${PROGRAMS}/initdb`, '--no-sync', '-D', DATA);
  const archive = 'pgbackrest --stanza=main archive-push %p';
  await asPostgres(
    'sh',
    '-ec',
    `${PROGRAMS}/pg_ctl -D ${DATA} -l /tmp/log -o "-c archive_mode=on -c archive_command='${archive}'" start >/dev/null
     pgbackrest --stanza=main stanza-create; pgbackrest --stanza=main --start-fast backup
     ${PROGRAMS}/pg_ctl -D ${DATA} stop >/dev/null; rm -rf ${DATA}/*`,
  );
  const told = await assertHeld(/its data is gone, and repo1 holds backups of \d+: it is \d+/);
  assert.match(told, /Choose one: holdfast .*restore db --in-place --repository REPOSITORY, which is repo1 for \d+/);
  await db.givenUp();
  await host.sh(`rm -r ${REPOSITORY} && mv ${REPOSITORY}.real ${REPOSITORY}`);
  await assertBack();
});

test('a repository that has been emptied is none to begin anew with, whoever says that it is new', { skip }, async () => {
  await stop();
  await host.sh(`mv ${REPOSITORY} ${REPOSITORY}.real`);
  await makeRepositories(host, [REPOSITORY]);
  await asPostgres('pgbackrest', '--stanza=main', '--no-online', 'stanza-create');
  await host.sh(`rm -rf ${DATA}/*`);
  await assertHeld(/its data is gone, and repo1 answered and holds no backup, yet the cluster \d+ was here before/);
  await db.givenUp();
  await host.sh(`rm -r ${REPOSITORY}/*`); // not even the stanza
  const { exitCode, report } = await holdfast(host, ['recover', 'db', '--allow-empty-once']);
  assert.notEqual(exitCode, 0);
  assert.match(
    stepOf(report, 'allow-empty:db').error?.message ?? '',
    /^the backup \S+ of .* went there, and now it does not even have/,
  );
  assert.equal(await host.tell('ls', '-A', REPOSITORY), '');
  await host.sh(`rm -r ${REPOSITORY} && mv ${REPOSITORY}.real ${REPOSITORY}`);
  await assertBack();
});

test(
  'a server of which nothing was ever backed up has its first start with the word of a person, and only that',
  { skip },
  async () => {
    const FRESH = { data: '/var/lib/postgresql/fresh', repository: '/mnt/near/fresh', unit: 'fresh.service' };
    const fresh = new Recovering(host, 'fresh', FRESH.unit);
    const recover = (...args: string[]): Promise<Answer> => holdfast(host, ['recover', 'fresh', ...args]);
    const refused = async (why: RegExp): Promise<void> => {
      const print = await printOf(host, FRESH.repository);
      await fresh.start();
      assert.equal(await fresh.state(), 'inactive');
      assert.match(await fresh.reason(), why);
      assert.equal(stepOf((await recover('--dry-run')).report, 'recover:fresh').result?.['action'], 'block');
      await host.sh('! test -e "$1"', [FRESH.data]);
      assert.deepEqual([...print.symmetricDifference(await printOf(host, FRESH.repository))], []);
    };
    await makeRepositories(host, [FRESH.repository]);
    await configure(host, {
      repositories: {},
      services: {
        ...services,
        fresh: {
          unit: FRESH.unit,
          postgres: {
            ...services.db.postgres,
            dataDir: FRESH.data,
            stanza: 'fresh',
            port: 5444,
            repositories: [{ path: FRESH.repository }],
          },
          protection: { allowEmptyStart: true },
          recover: {},
        },
      },
    });
    await host.write(
      `/etc/systemd/system/${FRESH.unit}`,
      `[Service]
User=postgres
Type=notify
ExecStartPre=sh -c '[ -e ${FRESH.data}/PG_VERSION ] || exec ${PROGRAMS}/initdb --no-sync -D ${FRESH.data}'
ExecStart=${PROGRAMS}/postgres -D ${FRESH.data} -p 5444 -c archive_mode=on -c 'archive_command=pgbackrest --stanza=fresh archive-push %%p'
`,
    );
    await host.exec(['holdfast', 'postgres', 'configure', 'fresh']);
    await host.exec(['holdfast', 'units', 'install']);
    await refused(/repo1 did not answer \(it does not have the stanza.*If it is new: holdfast .*--allow-empty-once/s);

    assert.equal((await recover('--allow-empty-once')).exitCode, 0);
    await host.sh('mv "$1" "$1.away"', [FRESH.repository]);
    await makeRepositories(host, [FRESH.repository]); // as where nothing is mounted
    await refused(/repo1 did not answer \(it does not have the stanza/);
    await host.sh('rmdir "$1" && mv "$1.away" "$1"', [FRESH.repository]);

    await fresh.start();
    assert.equal(await fresh.state(), 'active', await host.journal(fresh.recover));
    await host.exec(['systemctl', 'stop', FRESH.unit]);
    await host.sh('mv "$1" "$1.away"', [FRESH.data]);
    await refused(/its data is gone, and repo1 answered and holds no backup/);
    await host.sh('mv "$1.away" "$1"', [FRESH.data]);

    await fresh.start();
    assert.equal(await fresh.state(), 'active', 'it has data');
    await host.exec(['holdfast', 'postgres', 'configure', 'fresh']);
    assert.equal((await holdfast(host, ['run', 'fresh'])).exitCode, 0);
    assert.equal(
      await host.tell('ls', '-A', FRESH.repository),
      'archive\nbackup',
      'nothing speaks for an empty one any more',
    );
  },
);
