import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../src/domain/instant.ts';
import { parseTime } from '../../src/cli/parse-time.ts';

const NOW = Date.UTC(2026, 5, 1) as Instant;

test('a time is a date to its end, a local minute to its end, an exact instant, or an age', () => {
  assert.equal(parseTime('2026-03-01', NOW), new Date(2026, 2, 1, 23, 59, 59, 999).getTime());
  assert.equal(parseTime('2026-03-01 12:00', NOW), new Date(2026, 2, 1, 12, 0, 59, 999).getTime());
  assert.equal(parseTime('2026-03-01T12:00:05Z', NOW), Date.UTC(2026, 2, 1, 12, 0, 5));
  assert.equal(parseTime('2026-03-01T12:00:05.123456789+02:00', NOW), Date.UTC(2026, 2, 1, 10, 0, 5, 123));
  assert.equal(parseTime('3d', NOW), NOW - 3 * 86_400_000);
});

test('what is no time is none', () => {
  for (const text of ['', 'yesterday', '2026-02-30', '2026-13-01', '2026-03-01 25:00', '01.03.2026', '3']) {
    assert.equal(parseTime(text, NOW), null, text);
  }
});
