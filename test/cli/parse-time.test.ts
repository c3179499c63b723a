import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { Instant } from '../../src/domain/instant.ts';
import { parseMoment, parseTime } from '../../src/cli/parse-time.ts';

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

test('a zone may be written as PostgreSQL writes it', () => {
  assert.equal(parseTime('2026-01-01 12:00:00+01', NOW), Date.UTC(2026, 0, 1, 11));
  assert.equal(parseMoment('2026-01-01 12:00:00+01', NOW), Date.UTC(2026, 0, 1, 11));
});

test('a moment is the first instant of what is written, to the millisecond', () => {
  assert.equal(parseMoment('2026-03-01 12:00', NOW), new Date(2026, 2, 1, 12).getTime());
  assert.equal(parseMoment('2026-03-01 12:00:05.25', NOW), new Date(2026, 2, 1, 12, 0, 5, 250).getTime());
  assert.equal(parseMoment('2026-03-01T12:00:05.123Z', NOW), Date.UTC(2026, 2, 1, 12, 0, 5, 123));
  assert.equal(parseMoment('2026-03-01 12:00-0530', NOW), Date.UTC(2026, 2, 1, 17, 30));
  assert.equal(parseMoment('90m', NOW), NOW - 90 * 60_000);
});

test('a day is no moment, and neither is what no clock shows', () => {
  assert.match(String(parseMoment('2026-03-01', NOW)), /is a day: say a time of it/);
  for (const text of ['noon', '2026-02-30 12:00', '2026-03-01 25:00', '2026-03-01 12:00+99:99'])
    assert.equal(typeof parseMoment(text, NOW), 'string', text);
});

test('an hour that comes twice, or never, has to be said with its zone', () => {
  const program = `
    const { parseMoment } = await import(${JSON.stringify(new URL('../../src/cli/parse-time.ts', import.meta.url).href)});
    const told = ['2026-10-25 02:30', '2026-03-29 02:30', '2026-10-25 02:30+02', '2026-10-25 03:30', '2026-07-01 12:00'];
    console.log(JSON.stringify(told.map((text) => parseMoment(text, 0))));`;
  const argv = ['--input-type=module', '--eval', program];
  const told = execFileSync(process.execPath, argv, { env: { ...process.env, TZ: 'Europe/Berlin' }, encoding: 'utf8' });
  const [twice, never, ...rest] = JSON.parse(told) as (string | number)[];
  assert.match(String(twice), /comes twice here/);
  assert.match(String(never), /no clock here shows/);
  assert.deepEqual(rest, [Date.UTC(2026, 9, 25, 0, 30), Date.UTC(2026, 9, 25, 2, 30), Date.UTC(2026, 6, 1, 10)]);
});
