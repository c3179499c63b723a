// What a configuration says of MariaDB servers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accepted, assertSays, BASE, errorsOf, warningsOf } from './support/files.ts';

const DATA = '/var/lib/mysql';
const server = (keys = '', rest = ''): string => `${BASE}services:\n  db: {mariadb: {dataDir: ${DATA}, ${keys}}${rest}}\n`;

test('a server that says nothing but where it is goes to every repository every day, and is asked as root', async () => {
  const { backup, mariadb } = (await accepted(server())).services.get('db') ?? {};
  assert.deepEqual([backup?.repositories, backup?.frequency, backup?.paths], [['nas', 'away'], 'daily', []]);
  assert.equal(backup?.dumps?.place, '/var/lib/holdfast/dumps/db');
  assert.deepEqual(mariadb, {
    dataDir: DATA,
    socket: '/run/mysqld/mysqld.sock',
    user: 'root',
    defaultsFile: null,
    processes: 1,
    excludeDatabases: [],
  });
  const off = (await accepted(server('', ', backup: {enable: false}'))).services.get('db');
  assert.equal(off?.backup, null);
});

test('a file with the password says as whom the server is asked, and must not be open to others', async () => {
  const { services } = await accepted(server('defaultsFile: /etc/holdfast/maria.cnf'));
  const { user, defaultsFile } = services.get('db')?.mariadb ?? {};
  assert.deepEqual([user, defaultsFile], [null, '/etc/holdfast/maria.cnf']);
});

test('the files of the server are left out of every service that has them below its paths', async () => {
  const { services } = await accepted(
    `${server()}  all: {backup: {paths: [/var/lib]}}\n  other: {backup: {paths: [/srv]}}\n`,
  );
  assert.deepEqual(services.get('all')?.backup?.exclude, [DATA]);
  assert.deepEqual(services.get('other')?.backup?.exclude, []);
  assert.deepEqual(await warningsOf(`${server()}  all: {backup: {paths: [/var/lib/a]}}\n`), []);
  assertSays(await warningsOf(server('', `, backup: {paths: [${DATA}]}`)), [
    'copied while the server writes they are of no use, and its databases are dumped',
  ]);
});

test('what does not fit together is refused with what to write', async () => {
  assertSays(await errorsOf(server('', ', postgres: {engine: dump, dataDir: /pg}')), [
    'a service keeps one database server: give this one a service of its own',
  ]);
  assertSays(await errorsOf(`${server()}  two: {mariadb: {dataDir: ${DATA}/}}\n`), ['this server is declared twice']);
  assertSays(await errorsOf(server('', ', protection: {class: ephemeral}')), [
    "its protection class 'ephemeral' keeps nothing, yet a database server is declared",
  ]);
  assertSays(await errorsOf(server('', ', backup: {paths: [/var/lib], exclude: [/var/lib/holdfast]}')), [
    'services.db.mariadb: its dumps stand at /var/lib/holdfast/dumps/db in a copy, and an exclude leaves that out',
  ]);
  assertSays(await errorsOf(server('password: secret')), ['password']);
});
