import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { filesOf } from '../../../src/tools/util-linux/owned-files.ts';
import { OWNER, ownDirectory, postgresDirectory } from '../../support/postgres.ts';

const files = filesOf(OWNER, new AbortController().signal);

test('what is written, made and removed in a directory is its owner’s, and no link in it leads anywhere else', async () => {
  using temporary = postgresDirectory();
  const [mine, elsewhere] = [ownDirectory(join(temporary.path, 'mine')), join(temporary.path, 'elsewhere')];
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'shadow'), 'secret', { mode: 0o600 });
  symlinkSync(join(elsewhere, 'shadow'), join(mine, 'settings'));
  await files.write(join(mine, 'settings'), "it's\nnew\n");
  assert.equal(await files.read(join(mine, 'settings')), "it's\nnew\n");
  assert.equal(lstatSync(join(mine, 'settings')).isFile(), true);
  assert.equal(readFileSync(join(elsewhere, 'shadow'), 'utf8'), 'secret');
  await files.makeDirectory(join(mine, 'inner'));
  const { uid, mode } = statSync(join(mine, 'inner'));
  assert.deepEqual([uid, mode & 0o777], [OWNER.uid, 0o700]);
  symlinkSync(elsewhere, join(mine, 'inner/out'));
  await files.link('/first', join(mine, 'link'));
  await files.link('/second', join(mine, 'link'));
  await files.remove(join(mine, 'inner'));
  await files.remove(join(mine, 'inner'));
  assert.equal(existsSync(join(elsewhere, 'shadow')), true);
});

test(
  'where its owner may not write nothing is written, also through a link that the owner has made',
  { skip: process.getuid?.() !== 0 && 'another user is needed for it' },
  async () => {
    using temporary = postgresDirectory();
    const elsewhere = join(temporary.path, 'elsewhere');
    mkdirSync(elsewhere, { mode: 0o755 });
    symlinkSync(elsewhere, join(temporary.path, 'data'));
    await assert.rejects(files.write(join(temporary.path, 'data/settings'), 'x'), {
      code: 'failed',
      message: /Permission denied/,
    });
    await assert.rejects(files.makeDirectory(join(temporary.path, 'data/settings')), { code: 'failed' });
    assert.equal(existsSync(join(elsewhere, 'settings')), false);
  },
);
