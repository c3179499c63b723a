import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readIfThere, replacePrivately } from '../../src/lib/private-file.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test("a file is replaced as a whole, and is its owner's alone also where the one before was not", () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'memory.json');
  assert.equal(readIfThere(file), null);
  writeFileSync(file, 'old', { mode: 0o644 });
  replacePrivately(file, 'new');
  assert.equal(readIfThere(file), 'new');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory.path), ['memory.json']);
});

test('where it cannot be replaced nothing has changed, and nothing is left beside it', () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'memory.json');
  mkdirSync(join(file, 'in-the-way'), { recursive: true });
  assert.throws(() => replacePrivately(file, 'new'));
  assert.deepEqual(readdirSync(directory.path), ['memory.json']);
});
