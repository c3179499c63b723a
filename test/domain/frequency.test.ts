import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextElapse, parseCalendar } from '../../src/domain/calendar.ts';
import { duration, formatDuration } from '../../src/domain/duration.ts';
import { expectedInterval, shortestInterval } from '../../src/domain/frequency.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { expressions } from './support/calendar-expressions.ts';

const longest = (frequency: string): string | null => {
  const interval = expectedInterval(frequency);
  return interval === null ? null : formatDuration(interval);
};

test('the names of schedules have their interval, a month its longest', () => {
  assert.deepEqual(['hourly', 'Daily', 'weekly', 'monthly', 'yearly'].map(longest), ['1h', '1d', '1w', '31d', '366d']);
  assert.equal(shortestInterval('monthly'), duration(28, 'd'));
});

test('times of the day, with or without a date and seconds, are understood', () => {
  const cases: [string, string][] = [
    ['*:0/15', '15m'],
    ['*:00/15:00', '15m'],
    ['*:0', '1h'],
    ['*-*-* 03:00', '1d'],
    ['*-*-* 03:00:00', '1d'],
    ['03:00', '1d'],
    ['*-*-* 00/6:30', '6h'],
    ['*-*-* 02,14:00', '12h'],
    ['*-*-* 8..18:00', '14h'],
    ['*-*-* 03:00 UTC', '1d'],
    ['*-*-*', '1d'],
  ];
  for (const [frequency, interval] of cases) assert.equal(longest(frequency), interval, frequency);
  assert.equal(shortestInterval('8..18:00'), duration(1, 'h'));
});

test('the step that does not divide an hour gives its longest gap', () => {
  assert.equal(longest('*:0/25'), '25m');
  assert.equal(shortestInterval('*:0/25'), duration(10, 'm'));
});

test('weekdays give the longest gap of the week', () => {
  assert.equal(longest('Mon *-*-* 02:00'), '1w');
  assert.equal(longest('Mon,Thu 02:00'), '4d');
  assert.equal(longest('Mon..Fri *-*-* 02:00'), '3d');
  assert.equal(longest('Sunday'), '1w');
  assert.equal(longest('Sat,Sun *-*-* 01,13:00'), '5d12h');
});

test('dates give the longest gap that the years have', () => {
  assert.equal(longest('*-*-01 03:00'), '31d');
  assert.equal(longest('*-*-1'), '31d');
  assert.equal(longest('*-*~1'), '31d');
  assert.equal(longest('*-*-31'), '61d');
  assert.equal(longest('*-01-01 00:00'), '366d');
  assert.equal(longest('*-02-29'), '2921d');
  assert.equal(shortestInterval('*-*-28,29'), duration(1, 'd'));
});

test('summer time is no part of an interval', () => {
  assert.equal(longest('*-*-* 03:00 Europe/Berlin'), '1d');
  assert.equal(shortestInterval('*-*-* 03:00 Europe/Berlin'), duration(1, 'd'));
});

test('what happens once, never, or is no schedule has no interval', () => {
  for (const frequency of ['', 'sometimes', '2024-01-01 00:00', '*-02-30', '25:00', '*:0/0', 'Fri..Mon 02:00']) {
    assert.equal(longest(frequency), null, frequency);
  }
});

test('no two times are closer than the shortest interval', () => {
  fc.assert(
    fc.property(expressions, (text) => {
      const shortest = shortestInterval(text);
      const calendar = parseCalendar(text);
      if (calendar === null || shortest === null) return;
      const from = Date.UTC(2024, 0, 9, 12) as Instant;
      const first = nextElapse({ ...calendar, zone: null }, from, 'UTC');
      const next = first === null ? null : nextElapse({ ...calendar, zone: null }, first, 'UTC');
      if (first === null || next === null || next - from > 300 * 86_400_000) return; // beyond what is measured
      assert.ok(next - first >= shortest, `${text}: ${next - first} after ${first}, but at least ${shortest}`);
    }),
    { numRuns: 2000, seed: 42 },
  );
});
