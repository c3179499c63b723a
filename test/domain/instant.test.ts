import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Duration, duration } from '../../src/domain/duration.ts';
import { elapsed, formatInstant, type Instant, later, parseInstant } from '../../src/domain/instant.ts';

const anyInstant = fc.integer({ min: 0, max: 4_102_444_800_000 }).map((value) => value as Instant);

test("restic's times are read, whatever their zone and digits", () => {
  assert.equal(parseInstant('2026-01-01T02:00:00Z'), Date.UTC(2026, 0, 1, 2));
  assert.equal(parseInstant('2026-01-01T02:00:00.123456789+01:00'), Date.UTC(2026, 0, 1, 1, 0, 0, 123));
  for (const text of ['', 'yesterday', '2026-13-01T00:00:00Z']) assert.equal(parseInstant(text), null, text);
});

test('every instant survives being written and read', () => {
  fc.assert(fc.property(anyInstant, (at) => assert.equal(parseInstant(formatInstant(at)), at)));
});

test('written instants sort as they follow each other', () => {
  fc.assert(fc.property(anyInstant, anyInstant, (a, b) => assert.equal(formatInstant(a) < formatInstant(b), a < b)));
});

test('time that has passed is counted from the earlier to the later', () => {
  const start = Date.UTC(2026, 0, 1) as Instant;
  assert.equal(elapsed(start, later(start, duration(26, 'h'))), duration(26, 'h'));
  fc.assert(fc.property(anyInstant, fc.nat(), (at, by) => assert.equal(elapsed(at, later(at, by as Duration)), by)));
});
