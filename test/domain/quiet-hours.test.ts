import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../src/domain/instant.ts';
import { latestTimeOfDay, parseQuietHours, parseTimeOfDay, quietUntil } from '../../src/domain/quiet-hours.ts';

const at = (day: number, hour: number, minute = 0): Instant => new Date(2026, 2, day, hour, minute).getTime() as Instant; // local
const night = { from: 22 * 60, to: 7 * 60 };

test('a span of the day is parsed, and nothing else is', () => {
  assert.deepEqual(parseQuietHours('22:00-07:00'), night);
  for (const text of ['22-7', '22:00', '24:00-07:00', '22:60-07:00', '07:00-07:00', '22:00-07:00-08:00', ''])
    assert.equal(parseQuietHours(text), null, text);
  assert.equal(parseTimeOfDay('08:30'), 510);
});

test('quiet hours over midnight end in the morning', () => {
  assert.equal(quietUntil(night, at(10, 21, 59)), null);
  assert.equal(quietUntil(night, at(10, 22)), at(11, 7));
  assert.equal(quietUntil(night, at(11, 6, 59)), at(11, 7));
  assert.equal(quietUntil(night, at(11, 7)), null);
});

test('quiet hours within a day end on that day', () => {
  const noon = { from: 12 * 60, to: 14 * 60 };
  assert.equal(quietUntil(noon, at(10, 13)), at(10, 14));
  assert.equal(quietUntil(noon, at(10, 14)), null);
});

test('quiet hours end later than they are asked about, within a day, and it is not quiet then', () => {
  const minute = fc.integer({ min: 0, max: 1439 });
  fc.assert(
    fc.property(minute, minute, fc.integer({ min: 0, max: 500 * 24 * 60 }), (from, to, minutes) => {
      fc.pre(from !== to);
      const now = (at(1, 0) + minutes * 60_000) as Instant;
      const until = quietUntil({ from, to }, now);
      if (until === null) return;
      assert.ok(until > now && until - now <= 25 * 3_600_000); // an hour more where clocks are set back
      assert.equal(quietUntil({ from, to }, until), null);
    }),
  );
});

test('the last time that the clock showed eight is today after eight, and yesterday before it', () => {
  assert.equal(latestTimeOfDay(480, 'daily', at(10, 8)), at(10, 8));
  assert.equal(latestTimeOfDay(480, 'daily', at(10, 7, 59)), at(9, 8));
});

test('the last Monday at eight is a week ago on a Monday morning', () => {
  const monday = 9; // of March 2026
  assert.equal(latestTimeOfDay(480, 'weekly', at(monday, 9)), at(monday, 8));
  assert.equal(latestTimeOfDay(480, 'weekly', at(monday, 7)), at(monday - 7, 8));
  assert.equal(latestTimeOfDay(480, 'weekly', at(monday + 6, 23)), at(monday, 8));
});
