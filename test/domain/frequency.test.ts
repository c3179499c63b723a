import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, formatDuration } from '../../src/domain/duration.ts';
import { expectedInterval, shortestInterval } from '../../src/domain/frequency.ts';

const longest = (frequency: string): string | null => {
  const interval = expectedInterval(frequency);
  return interval === null ? null : formatDuration(interval);
};

test('the names of schedules have their interval, a month its longest', () => {
  assert.deepEqual(['hourly', 'daily', 'weekly', 'monthly', ' Daily '].map(longest), ['1h', '1d', '1w', '31d', '1d']);
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

test('one day of a month or of a year is a cautious 31 or 366 days', () => {
  assert.equal(longest('*-*-01 03:00'), '31d');
  assert.equal(longest('*-*-1'), '31d');
  assert.equal(longest('*-01-01 00:00'), '366d');
});

test('what is not understood has no interval rather than a wrong one', () => {
  for (const frequency of [
    '',
    'sometimes',
    '*-*-31',
    '2024-01-01 00:00',
    '*-*~1',
    '25:00',
    '*:0/0',
    'Fri..Mon 02:00',
    '*-*-* 03:00 Europe/Berlin',
  ]) {
    assert.equal(longest(frequency), null, frequency);
  }
});
