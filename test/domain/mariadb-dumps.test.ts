// The dumps of a MariaDB server as they stand in a copy.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bytes } from '../../src/domain/bytes.ts';
import {
  chooseMariadb,
  DATABASES,
  GRANTS,
  type MariadbDatabase,
  mariadbFile,
  unsupported,
  USERS,
} from '../../src/domain/mariadb-dumps.ts';

const database = (name: string, versioned = 0): MariadbDatabase => ({
  name,
  charset: 'utf8mb4',
  collation: 'utf8mb4_general_ci',
  comment: '',
  size: 1 as Bytes, // a test's own
  unsafe: 0,
  versioned,
});

test('the databases of the server itself, and those that are left out on purpose, are not dumped', () => {
  const all = ['mysql', 'sys', 'information_schema', 'performance_schema', 'shop', 'wiki'].map((name) => database(name));
  const { databases, remarks } = chooseMariadb(all, ['wiki', 'gone'], true);
  assert.deepEqual(
    databases.map(({ name }) => name),
    ['shop'],
  );
  assert.deepEqual(remarks, ['excludeDatabases: the server has no database gone']);
});

test('a copy without the history of versioned tables is less than the server', () => {
  const all = [database('shop', 2), database('wiki')];
  assert.deepEqual(chooseMariadb(all, [], true).shortcomings, []);
  const { databases, shortcomings } = chooseMariadb(all, [], false);
  assert.equal(databases.length, 2);
  assert.match(
    shortcomings.join(),
    /^the history of versioned tables of shop is not in the copy[^,]*, 10\.11 has it; [^,]*$/,
  );
});

test('no database is called in a copy as the users are', () => {
  for (const name of ['users', 'grants', 'databases', 'manifest', 'users.sql'])
    assert.ok(![USERS, GRANTS, DATABASES, 'manifest.json'].includes(mariadbFile(name)), name);
});

test('servers that cannot mark what is being loaded, and those of others, are refused', () => {
  for (const good of ['10.5.0-MariaDB', '10.11.19-MariaDB-0+deb12u1', '11.4.2-MariaDB-ubu2404', '12.0.1-MariaDB'])
    assert.equal(unsupported(good), null, good);
  assert.match(unsupported('10.4.34-MariaDB') ?? '', /10\.5 is the oldest/);
  assert.match(unsupported('8.0.36') ?? '', /no MariaDB server, but 8\.0\.36/);
});
