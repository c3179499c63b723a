import assert from 'node:assert/strict';
import { chownSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { giveAll } from '../../../src/engine/restore/give-all.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('everything in it goes to its user; what a link leads to stays whose it is', async () => {
  using scratch = temporaryDirectory();
  const root = scratch.path;
  const outside = join(root, 'outside');
  writeFileSync(outside, '');
  const given = join(root, 'given');
  const all = [given, join(given, 'in'), join(given, 'in/file'), join(given, 'in/link')];
  mkdirSync(join(given, 'in'), { recursive: true });
  writeFileSync(join(given, 'in/file'), '');
  symlinkSync(outside, join(given, 'in/link'));
  for (const path of all.slice(0, 3)) chownSync(path, 12_345, 12_345);
  await giveAll(given, { uid: 54_321, gid: 54_322 });
  for (const path of all) assert.deepEqual([lstatSync(path).uid, lstatSync(path).gid], [54_321, 54_322], path);
  assert.equal(lstatSync(outside).uid, process.getuid?.());
});
