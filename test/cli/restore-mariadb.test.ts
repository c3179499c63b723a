// What comes back of a MariaDB server that was dumped: into a server that has other things, into one that has nothing, into scratch.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '../../src/domain/report.ts';
import { loadCommands } from '../../src/engine/recovery-kit/dump-commands.ts';
import { isNamedBySome } from '../../src/process/named-by.ts';
import { type Ended, ScratchHost, stepOf } from '../support/cli.ts';
import { startMariadb } from '../support/mariadb.ts';

const stack = new AsyncDisposableStack();
after(() => stack.disposeAsync());
const server = stack.use(await startMariadb());
const host = stack.use(new ScratchHost());
host.addRepository('near');
const SHOP = 'my `shop` = 1 %41';
const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
const files = join(server.root, 'files');
mkdirSync(files);
writeFileSync(join(files, 'note'), 'first');
host.services['db'] = {
  mariadb: server.section,
  backup: { paths: [files] },
  protection: { validators: [{ type: 'sql', database: SHOP, query: 'SELECT COUNT(*) = 1000 FROM orders' }] },
  recover: {},
};
server.sql(`CREATE DATABASE ${quoted(SHOP)} CHARACTER SET latin1 COMMENT 'of the shop'`);
server.sql(
  `CREATE TABLE orders (n int PRIMARY KEY, word text CHARACTER SET utf8mb4, raw blob);
INSERT INTO orders SELECT seq, 'grün 😀', UNHEX('00ff0a5c27') FROM seq_1_to_1000;
CREATE FUNCTION answer() RETURNS int DETERMINISTIC RETURN 42;
CREATE VIEW answers AS SELECT n, answer() AS a FROM orders;
CREATE TRIGGER mark BEFORE INSERT ON orders FOR EACH ROW SET NEW.word = CONCAT('new ', NEW.word);
CREATE EVENT clean ON SCHEDULE EVERY 1 DAY DO DELETE FROM orders WHERE n < 0;`,
  SHOP,
);
// a view that needs a database which comes after its own
server.sql(`CREATE DATABASE wiki; CREATE TABLE wiki.pages (n int); INSERT INTO wiki.pages VALUES (1), (2), (3)`);
server.sql(`CREATE DATABASE about; CREATE VIEW about.pages AS SELECT n FROM wiki.pages`);
server.sql(`CREATE ROLE readers; CREATE ROLE writers; GRANT readers TO writers; CREATE USER 'app one'@'%' IDENTIFIED BY 'secret';
GRANT ALL ON wiki.* TO 'app one'@'%'; GRANT readers TO 'app one'@'%'; SET DEFAULT ROLE readers FOR 'app one'@'%';
GRANT SELECT ON wiki.* TO readers; CREATE USER shop@localhost IDENTIFIED BY 'x'`);
server.sql(`GRANT SELECT (n), INSERT ON orders TO shop@localhost; GRANT EXECUTE ON FUNCTION answer TO shop@localhost`, SHOP);
const made = await host.backUp(['db']);
assert.equal(made.code, 0, made.stdout + made.stderr);

const words = ({ stdout, stderr }: Ended): string => (stdout + stderr).replaceAll(/\s+/g, ' ');
const count = (database: string, table: string): string => server.sql(`SELECT COUNT(*) FROM ${table}`, database);
const databases = (): string[] =>
  server
    .sql('SELECT schema_name FROM information_schema.schemata ORDER BY 1')
    .split('\n')
    .filter((name) => !['mysql', 'sys', 'information_schema', 'performance_schema'].includes(name));
const GRANTEES = [`'app one'@'%'`, 'shop@localhost', 'readers', 'writers'];
const rights = (): string => GRANTEES.map((who) => server.sql(`SHOW GRANTS FOR ${who}`)).join('\n');
const about = (name: string): string =>
  server.sql(
    `SELECT default_character_set_name, schema_comment FROM information_schema.schemata WHERE schema_name = '${name.replaceAll("'", "''")}'`,
  );
const content = (name: string): string =>
  server.sql('SELECT MD5(GROUP_CONCAT(n, word, HEX(raw) ORDER BY n)) FROM orders; SELECT SUM(a) FROM answers', name);
const before = { rights: rights(), shape: about(SHOP), content: content(SHOP), databases: databases() };

test('a drill loads every database into a server that nobody can reach, checks and counts what is in it, and asks it', async () => {
  const { code, stdout, stderr } = await host.run(['--json', 'drill', 'db']);
  assert.equal(code, 0, stdout + stderr);
  const { result } = stepOf(JSON.parse(stdout) as Report, 'drill:db@near');
  const loaded = result?.['loaded'] as { databases: number; tables: number; rows: number; read: string[] };
  assert.deepEqual([loaded.databases, loaded.tables, loaded.rows], [3, 2, 1003]);
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

test('a query that is not true fails the drill', async (t) => {
  server.sql('DELETE FROM orders WHERE n = 1', SHOP);
  t.after(() =>
    server.sql(
      `INSERT INTO orders VALUES (1, '', UNHEX('00ff0a5c27')); UPDATE orders SET word = 'grün 😀' WHERE n = 1`,
      SHOP,
    ),
  );
  assert.equal((await host.backUp(['db'])).code, 0);
  const [newest] = (await host.snapshots('near')).toReversed();
  const drill = await host.run(['drill', 'db']);
  assert.equal(drill.code, 2, words(drill));
  assert.match(words(drill), /the query answered 0, not true/);
  await host.restic('near', ['forget', newest?.id ?? '']);
});

test('into a new directory the dumps come back as they are', async () => {
  const to = host.path('out');
  const ended = await host.run(['restore', 'db', '--to', to]);
  assert.equal(ended.code, 0, words(ended));
  const directory = join(to, host.stateDir, 'dumps/db');
  assert.deepEqual(
    readdirSync(directory).filter((name) => !name.includes('shop')),
    ['about.dump.sql', 'databases.sql', 'grants.sql', 'manifest.json', 'users.sql', 'wiki.dump.sql'],
  );
  assert.match(readFileSync(join(directory, 'users.sql'), 'utf8'), /CREATE ROLE IF NOT EXISTS `readers`/);
});

test('one database comes back beside what is there, never over it, and what it does by itself is switched off', async () => {
  server.sql('DELETE FROM orders', SHOP);
  const over = await host.run(['restore', 'db', '--database', SHOP]);
  assert.equal(over.code, 2);
  assert.match(words(over), /never loads into one that is there/);
  const beside = await host.run(['restore', 'db', '--database', SHOP, '--as', 'shop `then`']);
  assert.equal(beside.code, 0, words(beside));
  assert.match(words(beside), /events of shop `then` are switched off \(clean\)/);
  assert.deepEqual([count('shop `then`', 'orders'), count(SHOP, 'orders')], ['1000', '0']);
  assert.equal(content('shop `then`'), before.content);
  assert.equal(about('shop `then`'), before.shape);
  assert.equal(server.sql(`SELECT status FROM information_schema.events WHERE event_schema = 'shop \`then\`'`), 'DISABLED');
  const never = await host.run(['restore', 'db', '--database', 'never']);
  assert.equal(never.code, 2);
  assert.match(words(never), /does not hold .*never\.dump\.sql/);
  server.sql('DROP DATABASE `shop ``then```');
  assert.deepEqual(databases(), before.databases);
  assert.deepEqual(host.leftovers(), []);
});

test('what a load that was killed has made is taken away by the next start, and a database of the same name that somebody else makes is not', async () => {
  server.sql('CREATE DATABASE large');
  server.sql('CREATE TABLE t AS SELECT seq AS n, MD5(seq) AS word FROM seq_1_to_500000', 'large');
  assert.equal((await host.backUp(['db'])).code, 0);
  const [newest] = (await host.snapshots('near')).toReversed();
  const kill = async (): Promise<void> => {
    const { child, ended } = host.start(['restore', 'db', '--database', 'large', '--as', 'second']);
    while (!databases().includes('second')) await delay(5);
    child.kill('SIGKILL');
    await ended;
  };
  await kill();
  assert.match(about('second'), /being loaded by holdfast/);
  assert.equal((await host.run(['restore', 'db', '--database', 'wiki'])).code, 2);
  assert.ok(!databases().includes('second'), databases().join());
  await kill();
  server.sql('DROP DATABASE second; CREATE DATABASE second; CREATE TABLE second.mine (n int)');
  assert.equal((await host.run(['restore', 'db', '--database', 'wiki'])).code, 2);
  assert.equal(count('second', 'mine'), '0');
  server.sql('DROP DATABASE second; DROP DATABASE large');
  await host.restic('near', ['forget', newest?.id ?? '']);
  assert.deepEqual(host.leftovers(), []);
});

test('in place nothing is restored where a database has something in it, not even files', async () => {
  writeFileSync(join(files, 'note'), 'second');
  const ended = await host.run(['restore', 'db', '--in-place']);
  assert.equal(ended.code, 2, words(ended));
  assert.match(words(ended), /the server has about, my `shop` = 1 %41, wiki, and what is in them is not replaced/);
  assert.match(words(ended), /--database about --as about_then/);
  assert.equal(readFileSync(join(files, 'note'), 'utf8'), 'second');
  assert.equal(count('wiki', 'pages'), '3');
});

test('in place databases that are absent or empty come back, in whatever order they need each other, and users stay as they are', async () => {
  server.sql(
    `DROP DATABASE about; DROP DATABASE ${quoted(SHOP)}; DROP DATABASE wiki; CREATE DATABASE wiki COMMENT 'made by the package'`,
  );
  server.sql(`CREATE DATABASE mine; DROP USER shop@localhost; ALTER USER 'app one'@'%' IDENTIFIED BY 'newer'`);
  const newer = server.sql(`SHOW CREATE USER 'app one'@'%'`);
  const dry = await host.run(['restore', 'db', '--in-place', '--dry-run']);
  assert.equal(dry.code, 0, words(dry));
  assert.match(words(dry), /databases that are absent or empty are loaded/);
  const done = await host.run(['--json', 'restore', 'db', '--in-place']);
  assert.equal(done.code, 0, words(done));
  assert.equal(readFileSync(join(files, 'note'), 'utf8'), 'first');
  assert.deepEqual([count('about', 'pages'), count('wiki', 'pages'), content(SHOP)], ['3', '3', before.content]);
  assert.deepEqual([about(SHOP), about('wiki').split('\t')[1]], [before.shape, 'made by the package']);
  assert.equal(server.sql(`SHOW CREATE USER 'app one'@'%'`), newer);
  assert.match(server.sql('SHOW GRANTS FOR shop@localhost'), /GRANT SELECT \(`n`\), INSERT .*\n.*EXECUTE ON FUNCTION/);
  server.sql(`DROP DATABASE mine; ALTER USER 'app one'@'%' IDENTIFIED BY 'secret'`);
  assert.equal(rights(), before.rights);
  assert.deepEqual(host.leftovers(), []);
});

test('a dump that cannot be loaded fails the drill, and a restore of it leaves the databases as they were', async () => {
  server.sql('CREATE DATABASE zz; CREATE TABLE zz.t (n int); CREATE VIEW zz.v AS SELECT n FROM zz.t');
  server.sql(
    'CREATE DATABASE skipped; CREATE TABLE skipped.t (n int); CREATE OR REPLACE VIEW zz.v AS SELECT n FROM skipped.t',
  );
  host.services['db'] = { ...host.services['db'], mariadb: { ...server.section, excludeDatabases: ['skipped'] } };
  assert.equal((await host.backUp(['db'])).code, 0);
  const [newest] = (await host.snapshots('near')).toReversed();
  const drill = await host.run(['drill', 'db']);
  assert.equal(drill.code, 2, words(drill));
  assert.match(words(drill), /the database zz cannot be loaded: .*skipped/);
  server.sql(
    `DROP DATABASE skipped; DROP DATABASE zz; DROP DATABASE about; DROP DATABASE wiki; DROP DATABASE ${quoted(SHOP)}`,
  );
  server.sql('CREATE DATABASE wiki');
  const ended = await host.run(['restore', 'db', '--in-place']);
  assert.equal(ended.code, 2, words(ended));
  assert.match(words(ended), /the database zz cannot be loaded/);
  assert.deepEqual(databases(), ['wiki']);
  assert.equal(server.sql('SHOW TABLES FROM wiki'), '');
  assert.deepEqual(host.leftovers(), []);
  await host.restic('near', ['forget', newest?.id ?? '']);
  host.services['db'] = { ...host.services['db'], mariadb: server.section };
  server.sql('DROP DATABASE wiki'); // it was made for this test, of another shape
  assert.equal((await host.run(['restore', 'db', '--in-place'])).code, 0);
});

test('a server without its data is told before it starts, and a new one gets back everything: users, rights and rows', async () => {
  assert.equal((await host.backUp(['db'])).code, 0);
  const fine = await host.run(['recover', 'db']);
  assert.equal(fine.code, 0, words(fine));
  await server.stop();
  renameSync(server.data, `${server.data}.lost`);
  mkdirSync(server.data, { mode: 0o700 });
  const lost = await host.run(['recover', 'db']);
  assert.equal(lost.code, 2, words(lost));
  assert.match(words(lost), /the data of its MariaDB server, is empty/);
  assert.match(words(lost), /make an empty server .* holdfast .*restore db --in-place/);
  mkdirSync(join(server.data, 'wiki'));
  const part = await host.run(['recover', 'db']);
  assert.equal(part.code, 2, words(part));
  assert.match(words(part), /the database mysql, in which a server keeps its users, is not there, but wiki/);
  await server.begin();
  rmSync(files, { recursive: true });
  const anew = await host.run(['recover', 'db']);
  assert.equal(anew.code, 0, words(anew));
  assert.match(words(anew), /its MariaDB server has none of the databases that were dumped last \(about, wiki\)/);
  assert.equal(readFileSync(join(files, 'note'), 'utf8'), 'first');
  const back = await host.run(['restore', 'db', '--in-place']);
  assert.equal(back.code, 0, words(back));
  assert.deepEqual([count('about', 'pages'), content(SHOP), about(SHOP)], ['3', before.content, before.shape]);
  assert.equal(rights(), before.rights);
  const again = await host.backUp(['db']);
  assert.equal(again.code, 0, JSON.stringify(again.report.steps));
});

test('the lines of the recovery kit load everything into an empty server, by hand', async () => {
  server.sql('DROP DATABASE about'); // its view needs a database that is loaded after it: the kit says what to do then
  assert.equal((await host.backUp(['db'])).code, 0);
  const to = host.path('by-hand');
  const out = await host.run(['restore', 'db', '--to', to]);
  assert.equal(out.code, 0, words(out));
  await server.begin();
  const place = join(host.stateDir, 'dumps/db');
  const dumps = { kind: 'mariadb', place, user: 'root', connection: [`--socket=${server.socket}`] } as const;
  execFileSync('sh', ['-e', '-c', loadCommands(dumps, to).join('\n')], { encoding: 'utf8', stdio: 'pipe' });
  assert.deepEqual([content(SHOP), about(SHOP), count('wiki', 'pages')], [before.content, before.shape, '3']);
  assert.equal(rights(), before.rights);
});

test('a user that cannot be made is told, and is made of no right that it had', async () => {
  server.sql(`CREATE USER ghost@localhost IDENTIFIED BY 'x'; GRANT ALL ON wiki.* TO ghost@localhost`);
  server.sql(
    `UPDATE mysql.global_priv SET priv = JSON_SET(priv, '$.plugin', 'of_elsewhere') WHERE user = 'ghost'; FLUSH PRIVILEGES`,
  );
  server.sql('CREATE DEFINER = ghost@localhost VIEW seen AS SELECT n FROM pages', 'wiki');
  assert.equal((await host.backUp(['db'])).code, 0);
  const drill = await host.run(['drill', 'db']);
  assert.equal(drill.code, 0, words(drill));
  assert.match(words(drill), /in the drill ghost@localhost was not made: .*of_elsewhere/);
  server.sql(`DROP USER ghost@localhost; DROP DATABASE wiki; DROP DATABASE ${quoted(SHOP)}`);
  const back = await host.run(['restore', 'db', '--in-place']);
  assert.equal(back.code, 1, words(back));
  assert.match(words(back), /ghost@localhost was not made: .*of_elsewhere/);
  assert.equal(server.sql(`SELECT COUNT(*) FROM mysql.global_priv WHERE user = 'ghost'`), '0');
  assert.equal(count('wiki', 'pages'), '3');
});

test('what a drill that was killed has left is taken away by the next start', async () => {
  const { child, ended } = host.start(['drill', 'db']);
  const homes = (): string[] =>
    [server.root, join(host.stateDir, 'drills')]
      .filter((directory) => existsSync(directory))
      .flatMap((directory) => readdirSync(directory).map((name) => join(directory, name)))
      .filter((path) => path.includes('.holdfast-drill-'));
  while (!homes().some((home) => isNamedBySome(join(home, 'data')) && existsSync(join(home, 'data/ibdata1'))))
    await delay(20);
  child.kill('SIGKILL');
  await ended;
  const left = homes();
  assert.equal(left.length, 1);
  assert.equal((await host.backUp(['db'])).code, 0);
  assert.deepEqual(homes(), []);
  assert.ok(!isNamedBySome(join(left[0] ?? '', 'data')));
  assert.deepEqual(host.leftovers(), []);
});
