// A copy that is far smaller than those before it: something was probably lost before it was made.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beforeShrinking, type EarlierCopies, type SizedCopy } from '../../src/domain/shrunk.ts';

/** Newest first, an hour apart; the newest is of hour 100. */
const copies = (...sizes: readonly (number | null)[]): SizedCopy[] =>
  sizes.map((bytes, index) => ({ id: `${index}`, time: 100 - index, bytes }));
const before = (sizes: readonly (number | null)[], more: Partial<EarlierCopies<SizedCopy>> = {}): string | null =>
  beforeShrinking({ copies: copies(...sizes), lastAppliedAt: null, acceptedBytes: null, ...more })?.id ?? null;

test('it is one of less than half of what was ordinary before, and the newest ordinary one is named', () => {
  assert.equal(before([0, 100]), '1');
  assert.equal(before([49, 100, 100]), '1');
  assert.equal(before([50, 100, 100]), null);
  assert.equal(before([10, 10, 100, 100, 100]), '2', 'the second of its kind');
  assert.equal(before([100, 0, 100]), null, 'one odd copy among the earlier ones');
  assert.equal(before([10]), null);
  assert.equal(before([]), null);
});

test('after a flood of small ones those speak that were there when earlier ones were last removed', () => {
  const flood = [1, 1, 1, 1, 1, 1, 1, 100, 100];
  assert.equal(before(flood), null, 'nobody knows which are the ordinary ones');
  assert.equal(before(flood, { lastAppliedAt: 93 }), '7');
});

test('a size that a person has confirmed is not small, and one that is not known is nothing to judge', () => {
  assert.equal(before([10, 100, 100], { acceptedBytes: 12 }), null);
  assert.equal(before([10, 100, 100], { acceptedBytes: 90 }), '1');
  assert.equal(before([null, 100]), null);
  assert.equal(before([1, null, 100]), '2');
});
