// Whether what was restored is what the snapshot lists.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Bytes } from '../../../src/domain/bytes.ts';
import { type Listing, RestoredListing } from '../../../src/engine/restore/restored-listing.ts';
import type { SnapshotNode } from '../../../src/tools/restic/node.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const node = (path: string, type: string, size = 0): SnapshotNode => ({
  path,
  type,
  size: size as Bytes,
  mode: 0o644,
  mtime: null,
  uid: 0,
  gid: 0,
});
const HELD = [
  node('/d', 'dir'),
  node('/d/a', 'file', 5),
  node('/d/link', 'symlink'),
  node('/d/bad\uFFFD\uFFFDname', 'file', 3),
];

async function listingOf(nodes: readonly SnapshotNode[], change: (root: string) => void = () => {}): Promise<Listing> {
  using directory = temporaryDirectory();
  const root = directory.path;
  mkdirSync(join(root, 'd'));
  writeFileSync(join(root, 'd/a'), '12345');
  symlinkSync('/nowhere', join(root, 'd/link'));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/d/bad`), Buffer.from([0xe2, 0x82]), Buffer.from('name')]), '123');
  change(root);
  const listing = new RestoredListing((path) => (path.startsWith('/elsewhere') ? null : root + path));
  for (const each of nodes) listing.expect(each);
  return await listing.finish([root], new AbortController().signal);
}

test('what is there as listed is counted, names that are not UTF-8 included', async () => {
  const listing = await listingOf([...HELD, node('/elsewhere', 'dir'), node('/d/socket', 'socket')]);
  assert.deepEqual(listing, { entries: 4, files: 2, bytes: 8, differences: [], differenceCount: 0 });
});

test('each kind of difference is told', async () => {
  const told = async (...args: Parameters<typeof listingOf>): Promise<string> =>
    (await listingOf(...args)).differences.join('\n');
  assert.match(await told([...HELD, node('/d/gone', 'file', 1)]), /\/d\/gone is missing/);
  assert.match(await told(HELD.with(1, node('/d/a', 'file', 6))), /\/d\/a has 5 bytes, in the snapshot 6/);
  assert.match(await told(HELD.with(1, node('/d/a', 'dir'))), /\/d\/a is a file, in the snapshot a dir/);
  assert.match(await told(HELD.with(3, node('/d/bad\uFFFDname', 'file', 4))), /missing or differs/);
  assert.match(await told([...HELD, HELD[3] ?? node('', '')]), /missing or differs/);
  assert.match(
    await told(HELD, (root) => writeFileSync(join(root, 'd/more'), '')),
    /5 entries are on disk, the snapshot has 4/,
  );
});
