// What the demo takes as "every byte is equal": each way in which a copy can differ is noticed.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyTree } from '../../../src/cli/demo/originals.ts';
import { makePhotos } from '../../../src/cli/demo/photos.ts';
import { treeDifferences } from '../../../src/cli/demo/tree-differences.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { signal } = new AbortController();
const LATIN1_NAME = (root: string): Buffer => Buffer.concat([Buffer.from(`${root}/d/caf`), Buffer.from([0xe9])]);
const WHEN = new Date('2020-02-02T02:02:02Z');
const LATER = new Date('2020-02-02T02:02:03Z');

/** Runs `change` on one of two equal trees and answers with what is found to differ. */
async function after(change: (copy: string) => void): Promise<string[]> {
  using scratch = temporaryDirectory();
  const original = join(scratch.path, 'original');
  const copy = join(scratch.path, 'copy');
  mkdirSync(join(original, 'd'), { recursive: true });
  writeFileSync(join(original, 'd/a.jpg'), Buffer.alloc(5000, 'a'));
  writeFileSync(LATIN1_NAME(original), 'old disk');
  writeFileSync(join(original, 'empty'), '');
  linkSync(join(original, 'd/a.jpg'), join(original, 'again.jpg'));
  symlinkSync('d/a.jpg', join(original, 'link'));
  for (const file of [join(original, 'd/a.jpg'), LATIN1_NAME(original), join(original, 'empty')])
    utimesSync(file, WHEN, WHEN);
  lutimesSync(join(original, 'link'), WHEN, WHEN);
  await copyTree(original, copy, signal);
  change(copy);
  for (const directory of ['d', '.']) utimesSync(join(copy, directory), WHEN, WHEN); // changing an entry touches its directory
  for (const directory of ['d', '.']) utimesSync(join(original, directory), WHEN, WHEN);
  return await treeDifferences(original, copy, signal);
}

/** Changes a file and gives it its time back. */
function quietly(path: string | Buffer, change: () => void): void {
  change();
  utimesSync(path, WHEN, WHEN);
}

test('a faithful copy has no differences, whatever the names', async () => {
  assert.deepEqual(await after(() => {}), []);
  using scratch = temporaryDirectory();
  await makePhotos(join(scratch.path, 'photos'));
  await copyTree(join(scratch.path, 'photos'), join(scratch.path, 'copy'), signal);
  assert.deepEqual(await treeDifferences(join(scratch.path, 'photos'), join(scratch.path, 'copy'), signal), []);
});

test('one byte more, or one changed without a trace in size and time, is noticed', async () => {
  const broken = await after((copy) => {
    const file = join(copy, 'empty');
    quietly(file, () => {
      writeFileSync(file, 'x');
    });
  });
  assert.deepEqual(broken, ['empty: size differs']);
  const flipped = await after((copy) => {
    const file = LATIN1_NAME(copy);
    quietly(file, () => {
      const content = readFileSync(file);
      content.writeUInt8(content.readUInt8(3) ^ 1, 3);
      writeFileSync(file, content);
    });
  });
  assert.deepEqual(flipped, ['d/caf\ufffd: content differs']);
});

test('a missing and an additional entry are noticed', async () => {
  assert.deepEqual(await after((copy) => rmSync(join(copy, 'empty'))), ['empty is missing']);
  assert.deepEqual(await after((copy) => writeFileSync(join(copy, 'd/new'), '')), ['d/new was not there before']);
});

test('another mode, time, type or link target is noticed', async () => {
  assert.deepEqual(await after((copy) => chmodSync(join(copy, 'empty'), 0o600)), ['empty: mode differs']);
  assert.deepEqual(await after((copy) => utimesSync(join(copy, 'empty'), LATER, LATER)), ['empty: time differs']);
  const asDirectory = await after((copy) => {
    unlinkSync(join(copy, 'empty'));
    mkdirSync(join(copy, 'empty'));
  });
  assert.deepEqual(asDirectory, ['empty: type differs']);
  const elsewhere = await after((copy) => {
    unlinkSync(join(copy, 'link'));
    symlinkSync('d/b.jpg', join(copy, 'link'));
    lutimesSync(join(copy, 'link'), WHEN, WHEN);
  });
  assert.deepEqual(elsewhere, ['link: content differs']);
});

test('two files where there was one with two names are noticed', async () => {
  const separated = await after((copy) => {
    unlinkSync(join(copy, 'again.jpg'));
    copyFileSync(join(copy, 'd/a.jpg'), join(copy, 'again.jpg'));
    utimesSync(join(copy, 'again.jpg'), WHEN, WHEN);
  });
  assert.deepEqual(separated, ['again.jpg: hard link differs', 'd/a.jpg: hard link differs']);
});

test('another owner is noticed', async () => {
  if (process.getuid?.() === 0) {
    assert.deepEqual(await after((copy) => chownSync(join(copy, 'empty'), 12_345, 0)), ['empty: owner differs']);
    return;
  }
  // Whoever cannot give a file away has one of somebody else's to compare with.
  using scratch = temporaryDirectory();
  const mine = join(scratch.path, 'passwd');
  copyFileSync('/etc/passwd', mine);
  chmodSync(mine, 0o644);
  assert.match((await treeDifferences('/etc/passwd', mine, signal)).join(), /^the folder itself: .*owner/);
});

test('the comparison reads everything, so a cancelled one ends with the reason', async () => {
  using scratch = temporaryDirectory();
  appendFileSync(join(scratch.path, 'file'), 'x');
  const reason = new Error('enough');
  await assert.rejects(treeDifferences(scratch.path, scratch.path, AbortSignal.abort(reason)), reason);
});
