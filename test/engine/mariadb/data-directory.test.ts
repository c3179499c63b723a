// What a directory says of the MariaDB server that has its data there.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { mariadbDirectory } from '../../../src/engine/mariadb/data-directory.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('only a directory in which nothing of a server is counts as empty', async () => {
  using temporary = temporaryDirectory();
  const data = join(temporary.path, 'mysql');
  assert.deepEqual(await mariadbDirectory(data), { state: 'absent' });
  mkdirSync(data);
  for (const name of ['debian-10.11.flag', '.snapshot']) writeFileSync(join(data, name), '');
  mkdirSync(join(data, 'lost+found'));
  assert.deepEqual(await mariadbDirectory(data), { state: 'empty' });
  writeFileSync(join(data, 'ibdata1'), '');
  const partial = await mariadbDirectory(data);
  assert.deepEqual(
    [partial.state, 'why' in partial && partial.why.endsWith('is not there, but ibdata1')],
    ['partial', true],
  );
});

test('a server that has its users is there, one whose users are gone is not', async () => {
  using temporary = temporaryDirectory();
  mkdirSync(join(temporary.path, 'mysql'));
  mkdirSync(join(temporary.path, 'shop'));
  assert.equal((await mariadbDirectory(temporary.path)).state, 'partial');
  writeFileSync(join(temporary.path, 'mysql/db.frm'), '');
  assert.deepEqual(await mariadbDirectory(temporary.path), { state: 'valid', names: ['mysql', 'shop'] });
});

test('of a link that leads nowhere nothing follows: what it leads to may not be mounted', async () => {
  using temporary = temporaryDirectory();
  const link = join(temporary.path, 'link');
  symlinkSync('/nowhere/mysql', link);
  assert.deepEqual(await mariadbDirectory(link), {
    state: 'unknown',
    why: 'it is a link to /nowhere/mysql, where nothing is',
  });
});
