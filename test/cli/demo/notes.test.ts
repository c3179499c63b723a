// The notes of the demo: a copy proves that it is a gapless prefix of what was committed, and each way in which it is not is
// noticed.

import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { checksumsOf, examineNotes, type NotesFound, writeNotes } from '../../../src/cli/demo/notes.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** Writes some notes, changes a copy of them, and examines it. */
async function examined(change: (copy: string) => void, { atLeast = 1000, of = '' } = {}): Promise<NotesFound> {
  using scratch = temporaryDirectory();
  const file = join(scratch.path, 'notes.db');
  const stop = new AbortController();
  await writeNotes(
    file,
    (committed) => {
      if (committed >= 1010) stop.abort();
    },
    stop.signal,
  );
  const committed = checksumsOf(file);
  assert.equal(committed.length, 1010);
  const copy = join(scratch.path, 'copy.db');
  copyFileSync(file, copy);
  change(copy);
  const found = examineNotes(copy, { committed: of === 'others' ? committed.map(() => 'other') : committed, atLeast });
  assert.deepEqual(readdirSync(scratch.path).toSorted(), ['copy.db', 'notes.db']); // looking leaves nothing behind
  return found;
}

const sql = (copy: string, text: string): void => {
  using database = new DatabaseSync(copy);
  database.exec(`PRAGMA journal_mode = DELETE; ${text}`);
};

test('a whole copy, and one that ends earlier but after the backup began, are sound', async () => {
  assert.deepEqual(await examined(() => {}), { rows: 1010, differences: [] });
  assert.deepEqual(await examined((copy) => sql(copy, 'DELETE FROM notes WHERE id > 1003')), {
    rows: 1003,
    differences: [],
  });
});

test('a copy without what was committed before the backup began is not', async () => {
  const found = await examined((copy) => sql(copy, 'DELETE FROM notes WHERE id > 1003'), { atLeast: 1005 });
  assert.deepEqual(found.differences, ['1003 notes, and 1005 were committed before the backup']);
});

test('a gap, a changed note and notes of another database are noticed', async () => {
  const gap = await examined((copy) => sql(copy, 'DELETE FROM notes WHERE id = 500'));
  assert.deepEqual(gap.differences, ['after note 499 comes note 501']);
  const changed = await examined((copy) => sql(copy, "UPDATE notes SET body = body || '.' WHERE id = 7"));
  assert.deepEqual(changed.differences, ['note 7 does not match its checksum']);
  const others = await examined(() => {}, { of: 'others' });
  assert.deepEqual(others.differences, ['note 1 is not the one that was committed']);
});

test('a damaged file is a difference, not an exception', async () => {
  const torn = await examined((copy) => writeFileSync(copy, readFileSync(copy).fill(0xaa, 8192, 20_000)));
  assert.notDeepEqual(torn.differences, []);
  const empty = await examined((copy) => writeFileSync(copy, ''));
  assert.match(empty.differences.join(), /cannot be read|0 notes/);
});
