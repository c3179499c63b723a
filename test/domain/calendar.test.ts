import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextElapse, parseCalendar } from '../../src/domain/calendar.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { expressions, instants, ZONES } from './support/calendar-expressions.ts';

/** The next times after a time, as ISO 8601 in UTC. */
function times(text: string, zone: string, after: string, count: number): string[] {
  const calendar = parseCalendar(text);
  assert.ok(calendar, text);
  const found: string[] = [];
  let at: Instant | null = Date.parse(after) as Instant;
  while (found.length < count) {
    at = nextElapse(calendar, at, zone);
    if (at === null) break;
    found.push(new Date(at).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
}

test('a time that clocks skip in spring does not come on that day', () => {
  assert.deepEqual(times('02:30', 'Europe/Berlin', '2026-03-28T12:00Z', 2), ['2026-03-30T00:30Z', '2026-03-31T00:30Z']);
  assert.deepEqual(times('*:0/30', 'Europe/Berlin', '2026-03-29T00:15Z', 3), [
    '2026-03-29T00:30Z',
    '2026-03-29T01:00Z',
    '2026-03-29T01:30Z',
  ]);
});

test('what clocks show twice in autumn comes once', () => {
  assert.deepEqual(times('02:30', 'Europe/Berlin', '2026-10-24T12:00Z', 2), ['2026-10-25T00:30Z', '2026-10-26T01:30Z']);
});

test('a zone in the expression is stronger than that of the machine', () => {
  assert.deepEqual(times('daily America/New_York', 'Europe/Berlin', '2026-01-01T12:00Z', 1), ['2026-01-02T05:00Z']);
});

test('the next time is later than the one before, wherever clocks change', () => {
  fc.assert(
    fc.property(expressions, instants, fc.constantFrom(...ZONES), (text, base, zone) => {
      const calendar = parseCalendar(text);
      if (calendar === null) return;
      let at: Instant | null = base as Instant;
      for (let round = 0; round < 5 && at !== null; round += 1) {
        const next = nextElapse(calendar, at, zone);
        assert.ok(next === null || next > at, `${text} in ${zone}: ${next} is not after ${at}`);
        at = next;
      }
    }),
    { numRuns: 3000, seed: 11 },
  );
});

test('the normal form of an expression is its own normal form, and comes at the same times', () => {
  fc.assert(
    fc.property(expressions, instants, (text, base) => {
      const calendar = parseCalendar(text);
      if (calendar === null || calendar.fromEnd) return; // the parts of such a list are limited by their order
      const again = parseCalendar(calendar.normalized);
      assert.equal(again?.normalized, calendar.normalized);
      assert.equal(
        nextElapse(again, base as Instant, 'Europe/Berlin'),
        nextElapse(calendar, base as Instant, 'Europe/Berlin'),
      );
    }),
    { numRuns: 1000, seed: 12 },
  );
});

test('no year after 2199 is named', () => {
  assert.deepEqual(times('2024/50-1-1', 'UTC', '2170-01-01T00:00Z', 3), ['2174-01-01T00:00Z']);
  assert.deepEqual(times('2199-12-31 23:59', 'UTC', '2199-12-31T00:00Z', 3), ['2199-12-31T23:59Z']);
  assert.deepEqual(times('daily', 'UTC', '2199-12-31T00:00Z', 3), []);
});

test('an expression as long as a book is refused, not reckoned with', () => {
  assert.equal(parseCalendar(`*:${Array.from({ length: 50_000 }, (_, at) => at % 60).join(',')}`), null);
});
