// The photos of the demo and the copy that restored ones are compared with: what the demo calls equal is.

import assert from 'node:assert/strict';
import { copyFileSync, lstatSync, readFileSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyTree } from '../../../src/cli/demo/originals.ts';
import { makePhotos } from '../../../src/cli/demo/photos.ts';
import { compareTrees } from '../../../src/engine/restore/compare-trees.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { signal } = new AbortController();

/** Copies a new library, changes the copy, and answers with what differs. */
async function after(change: (copy: string) => void): Promise<readonly string[]> {
  using scratch = temporaryDirectory();
  const [original, copy] = [join(scratch.path, 'photos'), join(scratch.path, 'copy')];
  await makePhotos(original);
  await copyTree(original, copy, signal);
  change(copy);
  const { files, bytes, differences } = await compareTrees(original, copy, signal);
  assert.ok(files > 300 && bytes > 1e6, `${files} files, ${bytes} bytes`);
  return differences;
}

/** As it was, for whoever looks at size and time only. */
function quietly(path: string | Buffer, change: () => void): void {
  const { atimeMs, mtimeMs } = lstatSync(path);
  change();
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

test('the copy of the originals is faithful, with links, modes, times and odd names', async () => {
  assert.deepEqual(await after(() => {}), []);
});

test('one flipped bit is noticed, in a file whose name is not even text', async () => {
  const differences = await after((copy) => {
    const file = Buffer.concat([
      Buffer.from(`${copy}/1998/from an old disk/caf`),
      Buffer.from([0xe9]),
      Buffer.from(' 1998.jpg'),
    ]);
    quietly(file, () => {
      const content = readFileSync(file);
      content.writeUInt8(content.readUInt8(99) ^ 1, 99);
      writeFileSync(file, content);
    });
  });
  assert.deepEqual(differences, ['./1998/from an old disk/caf\ufffd 1998.jpg: content']);
});

test('two files where there was one with two names are noticed', async () => {
  const differences = await after((copy) => {
    const one = join(copy, 'favourites/wallpaper.jpg');
    quietly(one, () => {
      copyFileSync(one, `${one}.new`);
      unlinkSync(one);
      copyFileSync(`${one}.new`, one);
      unlinkSync(`${one}.new`);
    });
  });
  assert.equal(differences.length, 2, differences.join('\n'));
  assert.match(differences.join(), /favourites: time .*,.*wallpaper\.jpg: hard link/);
});
