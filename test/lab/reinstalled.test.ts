// A host is lost with all of its services, and reinstalled from nothing: packages, the disk with pgBackRest's repository, a server
// elsewhere that has the rest, and what the recovery kit says. Each test goes on where the one before has ended.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { makeOddTree } from '../support/tree.ts';
import { configure, holdfast, PASSWORD_FILE } from './support/holdfast-on.ts';
import {
  ARCHIVING,
  DATA,
  DUMPED,
  makeCluster,
  makeRepositories,
  makeSecondCluster,
  NO_CLUSTER,
  POSTGRES_PACKAGES,
  promoted,
  SERVER,
  SETTINGS,
  sql,
} from './support/postgres-on.ts';
import { quickRepositories } from './support/quick-on.ts';

const skip = missingFor('container', 'network');
const ELSEWHERE = 'rest:http://vault:8000/forge/';
const DISK = '/mnt/disk/pgbackrest';
/** What is kept of each as files. */
const PATHS: Readonly<Record<string, readonly string[]>> = {
  notes: ['/srv/notes'],
  photos: ['/srv/photos'],
  odd: ['/srv/odd'],
  pair: ['/srv/pair/data', '/srv/pair/uploads'],
  key: ['/srv/key/app.key'],
  wiki: ['/srv/wiki'],
  feeds: ['/srv/feeds'],
  settings: [SETTINGS],
  cloud: ['/srv/cloud'],
};
const DATABASES = { wiki: '/srv/wiki/wiki.db', feeds: '/srv/feeds/feeds.db' };
/** Looks for its data as it starts, and serves until it is ended. */
const unit = (name: string): string =>
  `[Service]\nExecStartPre=/bin/sh -c 'test -n "$$(ls -A ${PATHS[name]?.[0] ?? ''})"'\nExecStart=/bin/sleep infinity\n`;
const UNITS = Object.keys(PATHS).filter((name) => name !== 'settings' && name !== 'key');
/** Come with the packages. */
const files = Object.fromEntries(UNITS.map((name) => [`/etc/systemd/system/${name}.service`, unit(name)]));
/** Names, kinds, modes, owners, times, hard links, targets and content. */
const DIGEST = String.raw`for path; do { find "$path" -printf '%P %y %m %U:%G %T@ %n %l\0' | sort -z; find "$path" -type f -print0 | sort -z | xargs -0 sha256sum; } | sha256sum; done`;
/** A database is compared by what is in it. */
const digest = (host: Container, name: string): Promise<string> =>
  name in DATABASES
    ? host.tell('sqlite3', DATABASES[name as keyof typeof DATABASES], '.dump')
    : host.tell('sh', '-c', DIGEST, 'sh', ...(PATHS[name] ?? []));
const digests = async (host: Container): Promise<Record<string, string>> =>
  Object.fromEntries(await Promise.all(Object.keys(PATHS).map(async (name) => [name, await digest(host, name)] as const)));

const services = {
  ...Object.fromEntries(
    Object.entries(PATHS).map(([name, paths]) => [
      name,
      {
        ...(UNITS.includes(name) ? { unit: `${name}.service`, recover: {} } : {}),
        backup: {
          paths,
          ...(name in DATABASES ? { databases: [{ type: 'sqlite', path: DATABASES[name as keyof typeof DATABASES] }] } : {}),
        },
      },
    ]),
  ),
  cloud: {
    unit: 'cloud.service',
    backup: { paths: PATHS['cloud'] },
    postgres: { engine: 'dump', dataDir: DUMPED.data, port: DUMPED.port },
    recover: {},
  },
  db: {
    unit: SERVER,
    postgres: { engine: 'pgbackrest', dataDir: DATA, stanza: 'main', repositories: [{ path: DISK }] },
    protection: { class: 'critical' },
    recover: {},
  },
};

let lab: Lab;
let forge: Container;
let fresh: Container;
/** What the lost one had. */
let had: Record<string, string>;
let kit: string;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    const network = await lab.network(['forge', 'blank', 'vault']);
    const host = (name: string): Promise<Container> => lab.container({ name, network, files, packages: POSTGRES_PACKAGES });
    let vault: Container;
    [vault, forge, fresh] = (await Promise.all(['vault', 'forge', 'blank'].map(host))) as [Container, Container, Container];
    await quickRepositories(vault, ['/srv/vault/forge']);
    await vault.sh(
      'systemd-run --unit=vault -q restic-rest-server --path /srv/vault --no-auth --append-only --listen :8000',
    );
    await makeCluster(forge, ARCHIVING);
    await makeSecondCluster(forge);
    await makeRepositories(forge, [DISK]);
    makeOddTree(forge.outside('/srv/odd'));
    await forge.sh(`useradd -u 1234 pair; mkdir -p /srv/notes/sub /srv/photos /srv/pair/data /srv/pair/uploads /srv/key /srv/cloud
      echo note >/srv/notes/sub/a; echo key >/srv/key/app.key; chmod 400 /srv/key/app.key; echo cloud >/srv/cloud/file
      for i in 1 2 3 4 5 6 7 8; do head -c 500K /dev/urandom >/srv/photos/$i; done
      echo data >/srv/pair/data/d; ln /srv/pair/data/d /srv/pair/data/hard; ln -s ../data/d /srv/pair/uploads/link; chown -R 1234:4321 /srv/pair; chmod 2750 /srv/pair/data
      for name in wiki feeds; do mkdir /srv/$name; sqlite3 /srv/$name/$name.db 'pragma journal_mode = wal; create table t (x); insert into t values (42)' >/dev/null; done`);
    await configure(forge, { repositories: { vault: { url: ELSEWHERE } }, services });
    await forge.exec(['holdfast', 'postgres', 'configure', 'db']);
    await sql(forge, 'create database shop', { port: DUMPED.port });
    await sql(forge, 'create table orders as select generate_series(1, 100) n', { port: DUMPED.port, database: 'shop' });
    const { exitCode, report } = await holdfast(forge, ['run']);
    assert.equal(exitCode, 0, JSON.stringify(report.steps));
    await sql(forge, 'create table late as select generate_series(1, 1000) n; select pg_switch_wal()');
    await forge.tell('runuser', '-u', 'postgres', '--', 'pgbackrest', '--stanza=main', 'check');
    kit = await forge.tell('holdfast', 'recovery-kit', 'vault');
    had = await digests(forge);
    execFileSync('cp', ['-a', forge.outside('/mnt/disk'), fresh.outside('/mnt/disk')]); // the disk is put into the new machine
    await forge.powerCut();
  },
  { timeout: 300_000 },
);
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

test('what the recovery kit says brings the configuration back, and what is missing is named', { skip }, async () => {
  const [bootstrap = ''] = /holdfast bootstrap --from [^`]*/.exec(kit) ?? [];
  assert.equal(bootstrap, `holdfast bootstrap --from ${ELSEWHERE}`);
  await fresh.write('/root/keys/vault', 'correct horse\n', 0o600);
  const { stdout } = await fresh.sh(`${bootstrap} --password-file /root/keys/vault`);
  assert.match(stdout, /^✗ {2}\/srv\/pair {2}the data of pair: does not exist/m);
  assert.match(stdout, /^ {2}holdfast postgres configure db$/m);
});

test(
  'a cluster that came with the packages is not the one that was lost, and none is left in its place',
  { skip },
  async () => {
    await fresh.sh(`install -m 600 /root/keys/vault ${PASSWORD_FILE} && mkdir -p /srv/pair /srv/key`);
    const early = await fresh.exec(['holdfast', 'recover', 'db', '--dry-run'], { anyExit: true });
    assert.match(early.stdout, /tells pgBackRest of it, is not there: holdfast postgres configure db/);
    const refused = await fresh.exec(['holdfast', 'postgres', 'configure', 'db'], { anyExit: true });
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stdout + refused.stderr, /of another cluster/);
    const blocked = await fresh.exec(['holdfast', 'recover', 'db'], { anyExit: true });
    assert.equal(blocked.exitCode, 2);
    assert.match(blocked.stdout + blocked.stderr, /another cluster has taken its place/);
    await fresh.sh(NO_CLUSTER);
    const { exitCode, report } = await holdfast(fresh, ['postgres', 'configure', 'db']);
    assert.equal(exitCode, 0, JSON.stringify(report.steps));
    assert.deepEqual(
      report.steps.map(({ outcome }) => outcome),
      ['succeeded', 'skipped', 'skipped', 'skipped'],
    );
  },
);

test('all ten come back, by their units or by hand, with everything that was committed', { skip }, async () => {
  const dry = await fresh.exec(['holdfast', 'recover', '--all', '--dry-run'], { anyExit: true });
  assert.match(dry.stdout, /^db +comes back +repo1/m);
  assert.match(dry.stdout, /^cloud +is not touched/m);
  assert.match(
    dry.stdout,
    /How long it takes is not known of .*never drilled from there/s,
    'the drills were on record there',
  );
  await fresh.exec(['holdfast', 'units', 'install']);
  await fresh.exec(['systemctl', 'start', 'notes.service']); // which brings its data back before
  assert.equal(await digest(fresh, 'notes'), had['notes']);

  await makeSecondCluster(fresh);
  const { exitCode, report } = await holdfast(fresh, ['recover', '--all']);
  assert.equal(exitCode, 0, JSON.stringify(report.steps));
  assert.equal(report.steps[0]?.id, 'recover:db', 'the most urgent first');
  await fresh.exec(['holdfast', 'restore', 'cloud', '--in-place']);
  assert.deepEqual(await digests(fresh), had);

  const units = [...UNITS.map((name) => `${name}.service`), SERVER];
  await fresh.exec(['systemctl', 'start', ...units]);
  assert.equal(await fresh.tell('systemctl', 'is-active', ...units), units.map(() => 'active').join('\n'));
  await promoted(fresh);
  assert.equal(await sql(fresh, 'select count(*) from late'), '1000', 'what was committed after the last backup');
  assert.equal(await sql(fresh, 'select count(*) from orders', { port: DUMPED.port, database: 'shop' }), '100');
});

test('it is backed up again as if nothing had happened', { skip }, async () => {
  await fresh.exec(['holdfast', 'postgres', 'configure', 'db']);
  const { exitCode, report } = await holdfast(fresh, ['run']);
  assert.equal(exitCode, 0, JSON.stringify(report.steps));
});
