// What comes back of a PostgreSQL server that was dumped: into a server that has other things, into one that has nothing, into scratch.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '../../src/domain/report.ts';
import { type Ended, ScratchHost, stepOf } from '../support/cli.ts';
import { startPlainServer } from '../support/plain-server.ts';

const stack = new DisposableStack();
after(() => stack.dispose());
const server = stack.use(startPlainServer());
const host = stack.use(new ScratchHost());
host.addRepository('near');
host.services['db'] = {
  postgres: server.section,
  protection: { validators: [{ type: 'sql', database: `my "shop's" = 1`, query: 'SELECT count(*) = 1000 FROM orders' }] },
  recover: {},
};
const SHOP = `my "shop's" = 1`;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
server.sql(`CREATE ROLE "app one" LOGIN PASSWORD 'secret'; CREATE ROLE readers; GRANT readers TO "app one"`);
server.sql(`COMMENT ON ROLE readers IS 'they;
only ''read'''`);
server.sql(`CREATE DATABASE ${quoted(SHOP)} OWNER "app one" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`);
server.sql(`ALTER DATABASE ${quoted(SHOP)} SET work_mem = '7MB'`);
server.sql(`REVOKE CONNECT ON DATABASE ${quoted(SHOP)} FROM PUBLIC`);
server.sql('CREATE DATABASE wiki');
server.sql(
  'CREATE TABLE orders AS SELECT n, md5(n::text) FROM generate_series(1, 1000) n; ALTER TABLE orders OWNER TO "app one"',
  SHOP,
);
server.sql(`CREATE TABLE pages AS SELECT n FROM generate_series(1, 10) n`, 'wiki');
const made = await host.backUp(['db']);
assert.equal(made.code, 0, made.stdout + made.stderr);

const words = ({ stdout, stderr }: Ended): string => (stdout + stderr).replaceAll(/\s+/g, ' ');
const count = (database: string, table: string): string => server.sql(`SELECT count(*) FROM ${table}`, database);
const DATABASES = `SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE datname !~ '^(template|postgres)'`;
const about = (name: string): string =>
  server.sql(`SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, ARRAY(SELECT unnest(datacl)::text ORDER BY 1), setconfig::text
FROM pg_database d LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid WHERE datname = '${name.replaceAll("'", "''")}'`);
const shape = about(SHOP);

test('a drill loads every database into a server that nobody can reach, counts what is in it, and asks it', async () => {
  const { code, stdout, stderr } = await host.run(['--json', 'drill', 'db']);
  assert.equal(code, 0, stdout + stderr);
  const { result } = stepOf(JSON.parse(stdout) as Report, 'drill:db@near');
  const loaded = result?.['loaded'] as { databases: number; tables: number; rows: number; read: string[] };
  assert.deepEqual([loaded.databases, loaded.tables, loaded.rows], [4, 2, 1010]);
  assert.ok(loaded.read.includes('rows'));
  const validators = result?.['validators'] as { type: string; ok: boolean }[];
  assert.deepEqual(
    validators.map(({ type, ok }) => [type, ok]),
    [['sql', true]],
  );
  assert.ok(Number(result?.['rtoSeconds']) > 0);
  using journal = host.journal();
  assert.equal(journal.evidence({ service: 'db', kind: 'drill', limit: 1 })[0]?.complete, true);
  assert.deepEqual(readdirSync(join(host.stateDir, 'drills')), []);
  assert.deepEqual(
    readdirSync(server.root).filter((name) => name.startsWith('.holdfast')),
    [],
  );
  assert.deepEqual(host.leftovers(), []);
});

test('into a new directory the dumps come back as they are', async () => {
  const to = host.path('out');
  const ended = await host.run(['restore', 'db', '--to', to]);
  assert.equal(ended.code, 0, words(ended));
  const directory = join(to, host.stateDir, 'dumps/db');
  assert.ok(readdirSync(directory).includes('wiki.dump'));
  const listed = execFileSync('cat', [join(directory, 'globals.sql')], { encoding: 'utf8' });
  assert.match(listed, /CREATE ROLE readers/);
});

test('one database comes back beside what is there, never over it, and nothing half made stays', async () => {
  server.sql('DELETE FROM orders', SHOP);
  const over = await host.run(['restore', 'db', '--database', SHOP]);
  assert.equal(over.code, 2);
  assert.match(words(over), /never loads into one that is there/);
  const beside = await host.run(['restore', 'db', '--database', SHOP, '--as', 'shop "then"']);
  assert.equal(beside.code, 0, words(beside));
  assert.deepEqual([count('shop "then"', 'orders'), count(SHOP, 'orders')], ['1000', '0']);
  assert.match(about('shop "then"'), /^app one\|LATIN1\|C\|/);
  const never = await host.run(['restore', 'db', '--database', 'never']);
  assert.equal(never.code, 2);
  assert.match(words(never), /does not hold .*never\.dump/);
  const { child, ended } = host.start(['restore', 'db', '--database', 'wiki', '--as', 'second']);
  while (!server.sql(DATABASES).includes('holdfast_0')) await delay(10);
  child.kill('SIGKILL');
  await ended;
  assert.equal((await host.run(['restore', 'db', '--database', 'wiki'])).code, 2);
  assert.doesNotMatch(server.sql(DATABASES), /holdfast_/);
  server.sql('DROP DATABASE IF EXISTS second');
  server.sql('DROP DATABASE "shop ""then"""');
  assert.deepEqual(host.leftovers(), []);
});

test('in place all databases are exchanged at once, also under sessions, and what was there is kept', async () => {
  server.sql('CREATE DATABASE mine');
  server.sql('DELETE FROM pages', 'wiki');
  const ended = server.lock('pages', 'wiki');
  const dry = await host.run(['restore', 'db', '--in-place', '--dry-run']);
  assert.equal(dry.code, 0, words(dry));
  assert.match(words(dry), /what was there is kept as NAME_before_RUN/);
  const done = await host.run(['--json', 'restore', 'db', '--in-place']);
  assert.equal(done.code, 0, words(done));
  ended();
  assert.deepEqual([count(SHOP, 'orders'), count('wiki', 'pages')], ['1000', '10']);
  assert.equal(about(SHOP), shape);
  const names = server.sql(DATABASES).split(',');
  assert.equal(names.length, 5, names.join());
  assert.ok(names.includes('mine'));
  const kept = names.find((name) => name.startsWith('wiki_before_')) ?? '';
  assert.equal(count(kept, 'pages'), '0');
  for (const name of names.filter((each) => each.includes('_before_'))) server.sql(`DROP DATABASE ${quoted(name)}`);
  assert.deepEqual(host.leftovers(), []);
});

test('a dump that cannot be loaded fails the drill, and a restore of it changes nothing', async (t) => {
  // what the check asks for is not there yet when its rows are loaded
  server.sql(
    `CREATE TABLE zz AS SELECT 1 AS n;
CREATE FUNCTION any_zz(int) RETURNS bool LANGUAGE sql AS 'SELECT count(*) > 0 FROM public.zz';
CREATE TABLE aa (n int CHECK (any_zz(n))); INSERT INTO aa VALUES (1);`,
    'wiki',
  );
  t.after(() => server.sql('DROP TABLE aa; DROP FUNCTION any_zz; DROP TABLE zz', 'wiki'));
  assert.equal((await host.backUp(['db'])).code, 0);
  const [newest] = (await host.snapshots('near')).toReversed();
  const drill = await host.run(['drill', 'db']);
  assert.equal(drill.code, 2, words(drill));
  assert.match(words(drill), /the database wiki cannot be loaded: .*violates check constraint/);
  const before = server.sql(DATABASES);
  const ended = await host.run(['restore', 'db', '--in-place']);
  assert.equal(ended.code, 2, words(ended));
  assert.match(words(ended), /the database wiki cannot be loaded/);
  assert.equal(server.sql(DATABASES), before);
  assert.equal(count(SHOP, 'orders'), '1000');
  assert.deepEqual(host.leftovers(), []);
  await host.restic('near', ['forget', newest?.id ?? '']);
});

test('a server without its data is told before it starts, and an empty one gets back everything: roles, rights and rows', async () => {
  const fine = await host.run(['recover', 'db']);
  assert.equal(fine.code, 0, words(fine));
  server.stop();
  renameSync(server.data, `${server.data}.lost`);
  mkdirSync(server.data, { mode: 0o700 });
  const lost = await host.run(['recover', 'db']);
  assert.equal(lost.code, 2, words(lost));
  assert.match(words(lost), /the data of its PostgreSQL server, is empty/);
  assert.match(words(lost), /make an empty cluster .* holdfast .*restore db --in-place/);
  server.begin();
  const anew = await host.run(['recover', 'db']);
  assert.equal(anew.code, 0, words(anew));
  assert.match(words(anew), /another cluster .* than the one that was dumped last/);
  const back = await host.run(['restore', 'db', '--in-place']);
  assert.equal(back.code, 0, words(back));
  assert.deepEqual([count(SHOP, 'orders'), count('wiki', 'pages')], ['1000', '10']);
  assert.equal(about(SHOP), shape);
  assert.equal(server.sql(`SELECT rolpassword ~ '^SCRAM' FROM pg_authid WHERE rolname = 'app one'`), 't');
  assert.equal(server.sql(`SELECT pg_has_role('app one', 'readers', 'member')`), 't');
  assert.equal(
    server.sql(`SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'readers'`),
    `they;\nonly 'read'`,
  );
  const again = await host.backUp(['db']);
  assert.equal(again.code, 0, JSON.stringify(again.report.steps));
});
