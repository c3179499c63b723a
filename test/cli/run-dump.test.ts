// Backing up a real PostgreSQL server by dumps: what a copy holds, what it says where it holds less, and what stays behind: nothing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { DumpSet } from '../../src/domain/database-dumps.ts';
import type { Report } from '../../src/domain/report.ts';
import { ScratchHost, type Section, stepOf } from '../support/cli.ts';
import { SERVER_PROGRAMS } from '../support/postgres.ts';
import { startPlainServer } from '../support/plain-server.ts';

const held = new DisposableStack();
after(() => held.dispose());
const server = held.use(startPlainServer());
const NAMES = ['plain', `my "shop's" = 1`, 'a/b\\c %41'];
for (const name of NAMES) {
  server.sql(`CREATE DATABASE "${name.replaceAll('"', '""')}"`);
  server.sql('CREATE TABLE rows AS SELECT n, md5(n::text) FROM generate_series(1, 2000) n', name);
}
server.sql(`CREATE ROLE "app one" LOGIN PASSWORD 'secret'`);

function scene(more: Section = {}, backup: Section = {}): ScratchHost {
  const host = held.use(new ScratchHost());
  host.addRepository('near');
  host.services['db'] = { postgres: { ...server.section, ...more }, backup };
  return host;
}

const job = (report: Report, repository = 'near') => stepOf(report, `backup:db@${repository}`);
const place = (host: ScratchHost): string => join(host.stateDir, 'dumps/db');

async function setIn(
  host: ScratchHost,
  repository = 'near',
): Promise<{ readonly directory: string; readonly set: DumpSet }> {
  const [newest] = (await host.snapshots(repository)).toReversed();
  assert.ok(newest);
  const directory = join(await host.restore(repository, newest.id), place(host));
  return { directory, set: JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as DumpSet };
}

test('each database is in a copy with the roles, whatever it is called, readable by stock tools and by root alone', async () => {
  const host = scene();
  const { code, report, stderr } = await host.backUp(['db']);
  assert.equal(code, 0, stderr + JSON.stringify(job(report)));
  const { directory, set } = await setIn(host);
  assert.deepEqual(new Set(set.databases.map(({ name }) => name)), new Set([...NAMES, 'postgres', 'template1']));
  assert.match(set.server.version, /^\d+\.\d+$/);
  assert.match(readFileSync(join(directory, 'globals.sql'), 'utf8'), /CREATE ROLE "app one"/);
  for (const { name, file, bytes } of set.databases) {
    const stats = lstatSync(join(directory, file));
    assert.deepEqual([stats.mode & 0o777, stats.size], [0o600, bytes]);
    const listed = execFileSync(SERVER_PROGRAMS.need('pg_restore'), ['--list', join(directory, file)], { encoding: 'utf8' });
    if (NAMES.includes(name)) assert.match(listed, /TABLE DATA public rows/);
    assert.match(listed, /Compression: (?:0|none)/);
  }
  assert.equal(lstatSync(directory).mode & 0o777, 0o700);
  assert.deepEqual(host.leftovers(), []);
  assert.deepEqual(readdirSync(place(host)), []);
});

test('one set of dumps goes to all repositories of a run, and what has not changed is stored once', async () => {
  const host = scene();
  host.addRepository('far');
  server.sql('CREATE DATABASE large');
  server.sql('CREATE TABLE rows AS SELECT n, md5(n::text) FROM generate_series(1, 200000) n', 'large');
  const first = await host.backUp(['db']);
  assert.equal(first.code, 0, JSON.stringify(first.report.steps));
  const [near, far] = [await setIn(host), await setIn(host, 'far')];
  const at = ({ directory, set }: typeof near): number[] =>
    set.databases.map(({ file }) => lstatSync(join(directory, file)).mtimeMs);
  assert.deepEqual(at(near), at(far));
  const second = await host.backUp(['db', '--repository', 'near']);
  const added = Number(job(second.report).result?.['bytesAdded']);
  const total = Number(job(second.report).result?.['bytesProcessed']);
  assert.ok(added < total / 2, `${added} of ${total} bytes are new`);
  server.sql('DROP DATABASE large');
  assert.deepEqual(host.leftovers(), []);
});

test('the files of the server are left out of every backup of files, and the preview says so', async () => {
  const host = scene();
  host.services['files'] = { backup: { paths: [server.root] } };
  const dry = await host.run(['run', '--dry-run']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, new RegExp(`dumped one by one, with its roles; its files in ${server.data} are left out`));
  assert.match(dry.stdout, new RegExp(`without +${server.data}`));
  assert.doesNotMatch(dry.stderr, /of no use/);
  assert.ok(!existsSync(place(host)));
  const { code, report } = await host.backUp();
  assert.equal(code, 0, JSON.stringify(report.steps));
  const contents = await Promise.all((await host.snapshots('near')).map(({ id }) => host.contents('near', id)));
  const paths = contents.flat();
  assert.ok(paths.includes(join(server.root, 'server.log')));
  assert.ok(paths.includes(join(place(host), 'globals.sql')));
  assert.deepEqual(
    paths.filter((path) => path.startsWith(server.data)),
    [],
  );
  const show = await host.run(['config', 'show']);
  assert.match(show.stdout, new RegExp(server.data));
});

test('a database that lets nobody in makes the copy incomplete, until it is left out on purpose', async (t) => {
  server.sql('ALTER DATABASE plain ALLOW_CONNECTIONS false');
  t.after(() => server.sql('ALTER DATABASE plain ALLOW_CONNECTIONS true'));
  const host = scene();
  const { code, report } = await host.backUp(['db']);
  assert.deepEqual([code, job(report).outcome], [1, 'partial']);
  assert.match(job(report).reason ?? '', /the database plain lets nobody in/);
  host.services['db'] = { postgres: { ...server.section, excludeDatabases: ['plain', 'none'] } };
  const again = await host.backUp(['db']);
  assert.equal(again.code, 0, JSON.stringify(job(again.report)));
  assert.match(JSON.stringify(again.report), /the server has no database none/);
});

test('a server that does not answer is told, and files of the service are not backed up as if it had', async (t) => {
  const host = scene();
  server.stop();
  t.after(() => server.start());
  const { code, report } = await host.backUp(['db']);
  assert.equal(code, 2);
  assert.equal(job(report).outcome, 'failed');
  assert.match(job(report).error?.message ?? '', /connection to server/);
  assert.match(job(report).error?.hint ?? '', /Is the server running/);
  assert.deepEqual(await host.snapshots('near'), []);
  assert.deepEqual(host.leftovers(), []);
});

test('what is left of a dump that was killed is taken away by the next run', async () => {
  const host = scene();
  server.sql('CREATE DATABASE slow');
  server.sql('CREATE TABLE rows (n int)', 'slow');
  const locking = server.lock('rows', 'slow');
  const { child, ended } = host.start(['run', 'db']);
  const spool = join(host.stateDir, 'spool');
  while (!existsSync(spool) || !readdirSync(spool).some((name) => existsSync(join(spool, name, 'slow.dump'))))
    await delay(20);
  child.kill('SIGKILL');
  await ended;
  locking();
  assert.notDeepEqual(host.leftovers(), []);
  server.sql('DROP DATABASE slow WITH (FORCE)');
  const { code, report } = await host.backUp(['db']);
  assert.equal(code, 0, JSON.stringify(job(report)));
  assert.deepEqual(host.leftovers(), []);
});

test('a database that is dropped while it waits for its turn is no failure, one that is renamed is in the copy', async () => {
  const host = scene();
  for (const name of ['aa', 'going', 'old_name']) server.sql(`CREATE DATABASE ${name}`);
  server.sql('CREATE TABLE rows (n int)', 'aa');
  const locking = server.lock('rows', 'aa');
  const { ended } = host.start(['--json', 'run', 'db']);
  while (server.sql(`SELECT count(*) FROM pg_stat_activity WHERE datname = 'aa' AND application_name = 'pg_dump'`) === '0')
    await delay(20);
  server.sql('DROP DATABASE going');
  server.sql('ALTER DATABASE old_name RENAME TO new_name');
  locking();
  const { code, stdout } = await ended;
  assert.equal(code, 0, stdout);
  assert.match(stdout, /the database going was dropped while it was to be dumped/);
  const names = (await setIn(host)).set.databases.map(({ name }) => name);
  assert.ok(names.includes('new_name') && !names.includes('going') && !names.includes('old_name'), names.join());
  for (const name of ['aa', 'new_name']) server.sql(`DROP DATABASE ${name}`);
});

test('a spool that is too small is told before anything is read', async () => {
  const host = scene();
  const under = [
    'unshare',
    '--mount',
    'sh',
    '-c',
    `mkdir -p ${host.stateDir}/spool; mount -t tmpfs -o size=1m t ${host.stateDir}/spool; exec "$@"`,
    'sh',
  ];
  const { code, report } = await host.backUp(['db'], { under });
  assert.equal(code, 2);
  assert.equal(job(report).error?.code, 'no-space');
  assert.match(job(report).error?.message ?? '', /the dumps take up to .* the spool has .* left/);
});

test('a fresh cluster in the place of the one that had databases is no good copy', async () => {
  const host = scene();
  assert.equal((await host.backUp(['db'])).code, 0);
  server.begin();
  const { code, report } = await host.backUp(['db']);
  assert.deepEqual([code, job(report).outcome], [1, 'partial']);
  assert.match(job(report).reason ?? '', /the server has no database of its own, it had .*plain/);
});
