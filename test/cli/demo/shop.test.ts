// The digests of the demo's PostgreSQL tables: what is not equal is named.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareDigests } from '../../../src/cli/demo/shop.ts';

const table = (name: string, rows: number, checksum: string): { table: string; rows: number; checksum: string } => ({
  table: name,
  rows,
  checksum,
});

test('tables that are missing, additional, shorter or changed are named', () => {
  const expected = [table('a', 3, 'x'), table('b', 4, 'y'), table('c', 5, 'z')];
  assert.deepEqual(compareDigests(expected, expected), []);
  assert.deepEqual(compareDigests(expected, [table('a', 2, 'x'), table('b', 4, '!'), table('d', 1, 'x')]), [
    'table a has 2 rows instead of 3',
    'rows of table b differ',
    'table c is missing',
    'table d was not there before',
  ]);
});
