// Backing up a real MariaDB server by dumps: what a copy holds, what it says where it holds less, and what stays behind: nothing.

import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { MariadbSet } from '../../src/domain/mariadb-dumps.ts';
import type { Report } from '../../src/domain/report.ts';
import { PATH, ScratchHost, type Section, stepOf } from '../support/cli.ts';
import { startMariadb } from '../support/mariadb.ts';

const held = new AsyncDisposableStack();
after(() => held.disposeAsync());
const server = held.use(await startMariadb());
const NAMES = ['plain', `my "shop's" = 1`, 'a/b\\c %41', 'users', 'tick`ed'];
const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
for (const name of NAMES) {
  server.sql(`CREATE DATABASE ${quoted(name)} CHARACTER SET utf8mb4`);
  server.sql(`CREATE TABLE lines_of (n int, word text); INSERT INTO lines_of SELECT seq, MD5(seq) FROM seq_1_to_2000`, name);
}
server.sql(`CREATE USER 'app one'@'%' IDENTIFIED BY 'secret'; GRANT ALL ON plain.* TO 'app one'@'%'`);

function scene(more: Section = {}, backup: Section = {}): ScratchHost {
  const host = held.use(new ScratchHost());
  host.addRepository('near');
  host.services['db'] = { mariadb: { ...server.section, ...more }, backup };
  return host;
}

const job = (report: Report, repository = 'near') => stepOf(report, `backup:db@${repository}`);
const place = (host: ScratchHost): string => join(host.stateDir, 'dumps/db');

async function setIn(
  host: ScratchHost,
  repository = 'near',
): Promise<{ readonly directory: string; readonly set: MariadbSet }> {
  const [newest] = (await host.snapshots(repository)).toReversed();
  assert.ok(newest);
  const directory = join(await host.restore(repository, newest.id), place(host));
  return { directory, set: JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as MariadbSet };
}

test('each database is in a copy with the users, whatever it is called, as SQL that root alone can read', async () => {
  const host = scene();
  const { code, report, stderr } = await host.backUp(['db']);
  assert.equal(code, 0, stderr + JSON.stringify(job(report)));
  const { directory, set } = await setIn(host);
  assert.deepEqual(new Set(set.databases.map(({ name }) => name)), new Set(NAMES));
  assert.match(set.server.version, /^\d+\.\d+\.\d+-MariaDB/);
  assert.match(readFileSync(join(directory, 'users.sql'), 'utf8'), /CREATE USER IF NOT EXISTS `app one`@`%` IDENTIFIED BY/);
  assert.match(readFileSync(join(directory, 'grants.sql'), 'utf8'), /GRANT ALL PRIVILEGES ON `plain`\.\* TO `app one`@`%`/);
  for (const { file, bytes, charset } of set.databases) {
    const stats = lstatSync(join(directory, file));
    assert.deepEqual([stats.mode & 0o777, stats.size, charset], [0o600, bytes, 'utf8mb4']);
    assert.match(readFileSync(join(directory, file), 'utf8'), /CREATE TABLE `lines_of`[^]*\n-- Dump completed\n$/);
  }
  assert.equal(lstatSync(directory).mode & 0o777, 0o700);
  assert.deepEqual(host.leftovers(), []);
  assert.deepEqual(readdirSync(place(host)), []);
});

test('one set of dumps goes to all repositories of a run, and what has not changed is stored once', async () => {
  const host = scene();
  host.addRepository('far');
  const first = await host.backUp(['db']);
  assert.equal(first.code, 0, JSON.stringify(first.report.steps));
  const [near, far] = [await setIn(host), await setIn(host, 'far')];
  const at = ({ directory, set }: typeof near): number[] =>
    set.databases.map(({ file }) => lstatSync(join(directory, file)).mtimeMs);
  assert.deepEqual(at(near), at(far));
  const second = await host.backUp(['db', '--repository', 'near']);
  const result = job(second.report).result ?? {};
  assert.ok(Number(result['bytesAdded']) < Number(result['bytesProcessed']) / 4, JSON.stringify(result));
  assert.deepEqual(host.leftovers(), []);
});

test('a dump is of one moment: while others write where there are transactions, under a lock where there are none', async (t) => {
  for (const [name, engine] of [
    ['modern', 'InnoDB'],
    ['ancient', 'MyISAM'],
  ] as const) {
    server.sql(
      `CREATE DATABASE ${name}; CREATE TABLE ${name}.zz (n int) ENGINE=${engine}; INSERT INTO ${name}.zz VALUES (1)`,
    );
    server.sql('CREATE TABLE aa AS SELECT seq, MD5(seq) FROM seq_1_to_20000', name);
    t.after(() => server.sql(`DROP DATABASE ${name}`));
    const host = scene({ excludeDatabases: [...NAMES, name === 'modern' ? 'ancient' : 'modern'] });
    const [bin, begun, go] = [host.path('bin'), host.path('begun'), host.path('go')];
    mkdirSync(bin);
    // what it has said so far is a few lines more than its first one, so it has begun to read
    const slow = `#!/bin/sh
case "$*" in *--help*) exec /usr/bin/mariadb-dump "$@";; esac
/usr/bin/mariadb-dump "$@" | { IFS= read -r line; echo "$line"; : >${begun}; while [ ! -e ${go} ]; do sleep 0.02; done; cat; }
`;
    writeFileSync(join(bin, 'mariadb-dump'), slow, { mode: 0o755 });
    const running = host.backUp(['db'], { under: ['env', `PATH=${bin}:${process.env['PATH'] ?? ''}`] });
    while (!existsSync(begun)) await delay(20);
    const write = (): string => server.sql(`SET lock_wait_timeout = 1; UPDATE zz SET n = 2`, name);
    if (name === 'modern') write();
    else assert.throws(write, /Lock wait timeout exceeded/);
    writeFileSync(go, '');
    const { code, report } = await running;
    assert.equal(code, 0, JSON.stringify(job(report)));
    const { directory } = await setIn(host);
    assert.match(readFileSync(join(directory, `${name}.dump.sql`), 'utf8'), /INSERT INTO `zz` VALUES\s+\(1\)/);
  }
});

test('tables without transactions are dumped under a lock, and that is told with the database', async (t) => {
  server.sql('CREATE DATABASE old; CREATE TABLE old.things (n int) ENGINE=MyISAM; INSERT INTO old.things VALUES (1)');
  t.after(() => server.sql('DROP DATABASE old'));
  const host = scene();
  const { code, report } = await host.backUp(['db']);
  assert.equal(code, 0, JSON.stringify(job(report)));
  assert.match(JSON.stringify(report), /old has a table without transactions .* nobody can write into the database/);
  const { directory } = await setIn(host);
  assert.match(readFileSync(join(directory, 'old.dump.sql'), 'utf8'), /INSERT INTO `things`/);
});

test('the history of versioned tables is in a copy', async (t) => {
  server.sql('CREATE DATABASE past; CREATE TABLE past.t (n int) WITH SYSTEM VERSIONING; INSERT INTO past.t VALUES (7)');
  server.sql('UPDATE past.t SET n = 8');
  t.after(() => server.sql('DROP DATABASE past'));
  const host = scene();
  assert.equal((await host.backUp(['db'])).code, 0);
  const { directory } = await setIn(host);
  assert.match(readFileSync(join(directory, 'past.dump.sql'), 'utf8'), /\(7,'[^']+','[^']+'\)/);
});

test('the files of the server are left out of every backup of files, and the preview says so', async () => {
  const host = scene();
  writeFileSync(join(server.root, 'notes'), 'kept');
  host.services['files'] = { backup: { paths: [server.root] } };
  const dry = await host.run(['run', '--dry-run']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, new RegExp(`dumped one by one, with its users; its files in ${server.data} are left out`));
  assert.match(dry.stdout, new RegExp(`without +${server.data}`));
  assert.ok(!existsSync(place(host)));
  const { code, report } = await host.backUp();
  assert.equal(code, 0, JSON.stringify(report.steps));
  const paths = (await Promise.all((await host.snapshots('near')).map(({ id }) => host.contents('near', id)))).flat();
  assert.ok(paths.includes(join(server.root, 'notes')));
  assert.ok(paths.includes(join(place(host), 'users.sql')));
  assert.deepEqual(
    paths.filter((path) => path.startsWith(server.data)),
    [],
  );
});

test('a database that cannot be dumped makes the copy incomplete, and the others are in it, until it is left out on purpose', async (t) => {
  server.sql('CREATE DATABASE broken; CREATE TABLE broken.t (n int); CREATE VIEW broken.v AS SELECT n FROM broken.t');
  server.sql('DROP TABLE broken.t');
  t.after(() => server.sql('DROP DATABASE broken'));
  const host = scene();
  const { code, report } = await host.backUp(['db']);
  assert.deepEqual([code, job(report).outcome], [1, 'partial']);
  assert.match(job(report).reason ?? '', /the database broken is not in the copy: .*references invalid table/);
  const names = readdirSync((await setIn(host)).directory);
  assert.ok(names.includes('plain.dump.sql') && !names.includes('broken.dump.sql'), names.join());
  host.services['db'] = { mariadb: { ...server.section, excludeDatabases: ['broken', 'none'] } };
  const again = await host.backUp(['db']);
  assert.equal(again.code, 0, JSON.stringify(job(again.report)));
  assert.match(JSON.stringify(again.report), /the server has no database none/);
});

test('a dump that was cut off is none, though the program says nothing of it', async () => {
  const host = scene();
  const bin = host.path('bin');
  mkdirSync(bin);
  const cut = `#!/bin/sh\n/usr/bin/mariadb-dump "$@" | { case "$*" in *plain) head -n -1;; *) cat;; esac; }\n`;
  writeFileSync(join(bin, 'mariadb-dump'), cut, { mode: 0o755 });
  const { code, report } = await host.backUp(['db'], { under: ['env', `PATH=${bin}:${process.env['PATH'] ?? ''}`] });
  assert.deepEqual([code, job(report).outcome], [1, 'partial'], JSON.stringify(job(report)));
  assert.match(job(report).reason ?? '', /the database plain is not in the copy: mariadb-dump did not come to its end/);
});

test('a directory of the file system in the data directory is no database', async (t) => {
  mkdirSync(join(server.data, 'lost+found'));
  mkdirSync(join(server.data, 'my-backup'));
  t.after(() => server.sql('DROP DATABASE `#mysql50#lost+found`; DROP DATABASE `#mysql50#my-backup`'));
  const host = scene();
  const { code, report } = await host.backUp(['db']);
  assert.equal(code, 0, JSON.stringify(job(report)));
  assert.match(JSON.stringify(report), /my-backup in the data directory is a directory, and no database/);
  assert.doesNotMatch(JSON.stringify(report), /lost\+found/);
});

test('an account that may not is told as that, and its password is in a file alone', async (t) => {
  server.sql(`CREATE USER keeper@localhost IDENTIFIED BY 'sesame'; GRANT ALL ON *.* TO keeper@localhost WITH GRANT OPTION`);
  t.after(() => server.sql('DROP USER keeper@localhost'));
  const host = scene({ user: 'keeper' });
  const refused = await host.backUp(['db']);
  assert.equal(refused.code, 2);
  assert.equal(job(refused.report).error?.code, 'permission-denied');
  assert.match(job(refused.report).error?.hint ?? '', /does not let keeper in/);
  const file = host.path('keeper.cnf');
  writeFileSync(file, '[client]\nuser=keeper\npassword=sesame\n', { mode: 0o600 });
  const { user: _user, ...section } = server.section as { user: string };
  host.services['db'] = { mariadb: { ...section, defaultsFile: file } };
  const { code, report } = await host.backUp(['db']);
  assert.equal(code, 0, JSON.stringify(job(report)));
});

test('a server that does not answer is told, and files of the service are not backed up as if it had', async (t) => {
  const host = scene();
  await server.stop();
  t.after(() => server.start());
  const { code, report } = await host.backUp(['db']);
  assert.equal(code, 2);
  assert.equal(job(report).error?.code, 'source-missing');
  assert.match(job(report).error?.hint ?? '', /Is the server running, and is .* its socket\?/);
  const doctor = await host.run(['doctor']);
  assert.match(doctor.stdout + doctor.stderr, /Can't connect to local server/);
  assert.deepEqual(await host.snapshots('near'), []);
  assert.deepEqual(host.leftovers(), []);
});

test('the doctor tells what answers, and how many databases it has', async () => {
  const host = scene();
  const { stdout } = await host.run(['doctor']);
  assert.match(stdout.replaceAll(/\s+/g, ' '), /MariaDB .* answers, 5 databases can be dumped/);
});

test('programs that are missing are named with their package', async () => {
  const host = scene();
  const bin = host.path('without');
  mkdirSync(bin);
  const programs = readdirSync('/usr/bin').filter((name) => !name.startsWith('mariadb'));
  for (const name of programs) symlinkSync(join('/usr/bin', name), join(bin, name));
  const others = PATH.split(':').filter((directory) => !existsSync(join(directory, 'mariadb')));
  const under = ['env', `PATH=${[...others, bin].join(':')}`];
  const { code, report } = await host.backUp(['db'], { under });
  assert.equal(code, 2);
  const { error } = job(report);
  assert.deepEqual([error?.code, error?.message], ['tool-missing', 'mariadb is not installed, or not on PATH']);
  assert.match(error?.hint ?? '', /apt install mariadb-client/);
});

test('a new server in the place of the one that had databases is no good copy', async () => {
  const host = scene();
  assert.equal((await host.backUp(['db'])).code, 0);
  await server.begin();
  const { code, report } = await host.backUp(['db']);
  assert.deepEqual([code, job(report).outcome], [1, 'partial']);
  assert.match(job(report).reason ?? '', /the server has no database of its own, it had .* and 2 more/);
});
