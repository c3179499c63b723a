// What a configuration says of PostgreSQL servers that are dumped.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accepted, assertSays, BASE, errorsOf, warningsOf } from './support/files.ts';

const DATA = '/var/lib/postgresql/15/main';
const server = (keys = '', rest = ''): string =>
  `${BASE}services:\n  db: {postgres: {engine: dump, dataDir: ${DATA}, ${keys}}${rest}}\n`;

test('a server that says nothing but where it is goes to every repository every day, as files do', async () => {
  const backup = (await accepted(server())).services.get('db')?.backup;
  assert.deepEqual(backup?.repositories, ['nas', 'away']);
  assert.deepEqual([backup.frequency, backup.paths, backup.exclude], ['daily', [], []]);
  assert.equal(backup.dumps?.place, '/var/lib/holdfast/dumps/db');
  assert.equal(backup.dumps.server.user, 'postgres');
  assert.equal((await accepted(server('', ', backup: {enable: false}'))).services.get('db')?.backup, null);
});

test('the files of a dumped server are left out of every service that has them below its paths, and of no other', async () => {
  const { services } = await accepted(
    `${server('', ", backup: {paths: [/var/lib/postgresql], exclude: ['*.tmp']}")}  all: {backup: {paths: [/var/lib/a, /srv]}}\n  other: {backup: {paths: [/var/lib]}}\n`,
  );
  assert.deepEqual(services.get('db')?.backup?.exclude, ['*.tmp', DATA]);
  assert.deepEqual(services.get('all')?.backup?.exclude, []);
  assert.deepEqual(services.get('other')?.backup?.exclude, [DATA]);
  const odd = await accepted(server().replace(DATA, "'/pg/[15]*?'").replace(/}\n$/, ', backup: {paths: [/pg]}}\n'));
  assert.deepEqual(odd.services.get('db')?.backup?.exclude, [String.raw`/pg/\[15\]\*\?`]);
});

test('a copy of files that would be of the running server itself is told, one that leaves them out is not', async () => {
  assert.deepEqual(await warningsOf(server('', ', backup: {paths: [/var/lib/postgresql]}')), []);
  assertSays(await warningsOf(server('', `, backup: {paths: [${DATA}/base]}`)), [
    'copied while the server writes they are of no use',
  ]);
});

test('what is for pgbackrest alone is refused, and the other way round', async () => {
  const refused = ['full: {}', 'archiveWithin: 5m', 'compress: lz4', 'stanza: main', 'offsite: {repository: nas}'];
  const said = await Promise.all(refused.map((key) => errorsOf(server(key))));
  for (const each of said) assertSays(each, ['this is for pgbackrest, and the engine is dump']);
  assertSays(await errorsOf(server('excludeDatabases: [a]').replace('engine: dump', 'engine: pgbackrest')), [
    'excludeDatabases: this is for dump, and the engine is pgbackrest',
  ]);
  assert.deepEqual(await errorsOf(server(`excludeDatabases: ["my db"], processes: 4`)), []);
});

test('an exclude that would leave out the dumps is refused with what to write', async () => {
  assertSays(await errorsOf(server('', ', backup: {paths: [/var/lib], exclude: [/var/lib/holdfast]}')), [
    'its dumps stand at /var/lib/holdfast/dumps/db in a copy, and an exclude leaves that out',
  ]);
});
