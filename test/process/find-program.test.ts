import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram } from '../../src/process/find-program.ts';

test('the first executable file on PATH is found; directories and plain files are not programs', async () => {
  const root = await mkdtemp(join(tmpdir(), 'holdfast-path-'));
  try {
    for (const name of ['one', 'two', 'three']) await mkdir(join(root, name));
    await mkdir(join(root, 'one', 'tool'));
    await writeFile(join(root, 'two', 'tool'), '');
    await writeFile(join(root, 'three', 'tool'), '');
    await chmod(join(root, 'three', 'tool'), 0o755);
    const path = ['one', 'two', 'three'].map((name) => join(root, name)).join(':');
    assert.equal(findProgram('tool', path), join(root, 'three', 'tool'));
    assert.equal(findProgram(join(root, 'three', 'tool')), join(root, 'three', 'tool'));
    assert.equal(findProgram(join(root, 'two', 'tool')), null);
    assert.equal(findProgram('other', path), null);
  } finally {
    await rm(root, { recursive: true });
  }
});
