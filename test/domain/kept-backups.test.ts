import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { countKept } from '../../src/domain/kept-backups.ts';

const DAY = 86_400_000;
const days = (...ago: number[]): Instant[] => ago.map((each) => (100 - each) * DAY) as Instant[];
const NOW = (100 * DAY) as Instant;
const kept = (full: number, window: number | null, ends: readonly Instant[]): number =>
  countKept({ full, window: window === null ? null : duration(window, 'd') }, ends, NOW);

test('so many stay as are to stay, and never none', () => {
  assert.equal(kept(2, null, days(3, 2, 1)), 2);
  assert.equal(kept(0, null, days(3, 2, 1)), 1);
  assert.equal(kept(5, null, []), 5);
});

test('a window keeps the backup before it too, from which its first moment is had', () => {
  assert.equal(kept(1, 3, days(10, 5, 2, 1)), 3);
  assert.equal(kept(1, 5, days(10, 5, 2, 1)), 3, 'one that was complete just then serves');
  assert.equal(kept(1, 20, days(10, 5, 2, 1)), 4, 'none is old enough: all stay');
});

test('a window never keeps less than is to stay at least', () => {
  assert.equal(kept(3, 1, days(10, 5, 2)), 3);
  assert.equal(kept(2, 1, days(30, 20, 10)), 2);
});
