// Who owns files.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownersOf, parseOwners } from '../../../src/tools/util-linux/owners.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('owners are known by number and name, for paths of any name', async () => {
  using folder = temporaryDirectory();
  const path = join(folder.path, 'tab\tand\nline');
  writeFileSync(path, '');
  const owners = await ownersOf([path, join(folder.path, 'absent')], new AbortController().signal);
  assert.deepEqual([...owners.keys()], [path]);
  assert.equal(owners.get(path)?.uid, process.getuid?.());
});

test('a number without a name has none', () => {
  assert.deepEqual(parseOwners('12345\tUNKNOWN\t0\troot\t750\t/srv\0').get('/srv'), {
    uid: 12_345,
    user: null,
    gid: 0,
    group: 'root',
    mode: '0750',
  });
});
