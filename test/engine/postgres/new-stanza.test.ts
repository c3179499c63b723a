import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missingAbove } from '../../../src/engine/postgres/new-stanza.ts';
import { mountUnits } from '../../../src/repositories/declared-mounts.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const mounted = (path: string, type = 'nfs4'): { path: string; type: string } => ({ path, type });

test('a repository below something that should be mounted is seen, whether it says so itself or not', () => {
  const above = (...now: { path: string; type: string }[]): string | null =>
    missingAbove('/mnt/nas/pgbackrest', ['/', '/boot', '/mnt/nas'], [mounted('/', 'ext4'), ...now]);
  assert.equal(above(), '/mnt/nas');
  assert.equal(above(mounted('/mnt/nas', 'autofs')), '/mnt/nas', 'a trigger that nothing came of');
  assert.equal(above(mounted('/mnt/nas', 'autofs'), mounted('/mnt/nas')), null);
  assert.equal(missingAbove('/mnt/nas2/pgbackrest', ['/mnt/nas'], []), null);
});

test("what the administrator's mount units mount is known", async () => {
  using directory = temporaryDirectory();
  writeFileSync(
    join(directory.path, 'mnt-nas.mount'),
    '[Unit]\nAfter=x\n\n[Mount]\nWhat=nas:/backups\nWhere=/mnt/nas/\nType=nfs\n',
  );
  writeFileSync(join(directory.path, 'other.service'), '[Service]\nWhere=/nowhere\n');
  assert.deepEqual(await mountUnits(directory.path), ['/mnt/nas']);
  assert.deepEqual(await mountUnits(join(directory.path, 'gone')), []);
});
