import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timelinesOf } from '../../../src/engine/postgres/open-archive.ts';

const SHA = 'a'.repeat(40);
const timelines = (...names: readonly string[]): number[] =>
  timelinesOf(
    names.map((name) => ({ path: name.includes('/') ? name : `15-1/${name.slice(0, 16)}/${name}` })),
    '15-1',
  );

test('a timeline is seen whatever the size of the files of its log', () => {
  assert.deepEqual(timelines(`0000000200000000000000FF-${SHA}.zst`), [2]);
  assert.deepEqual(timelines(`000000030000000000000100-${SHA}`, `000000040000000000000FFF-${SHA}.lz4`), [3, 4]);
});

test('a timeline is seen from how it began, and from a file that was left half written', () => {
  assert.deepEqual(timelines('15-1/00000005.history', `000000060000000000000100.partial-${SHA}.gz`), [5, 6]);
});

test('what is no part of the log of that cluster is no timeline', () => {
  assert.deepEqual(timelines('15-1/archive.info', '15-2/00000002.history', '15-1/0000000700000000/lost+found'), []);
});
