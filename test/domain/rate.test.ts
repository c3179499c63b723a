import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatRate, kibibytesPerSecond, parseRate, type Rate } from '../../src/domain/rate.ts';

test('a rate is a size a second', () => {
  assert.equal(parseRate('4MiB/s'), 4 * 2 ** 20);
  assert.equal(parseRate('500kB/s'), 500_000);
  for (const text of ['4MiB', '4MiB/m', '/s', '4/s', '4Mbit/s', '4MiB/s/s', '']) assert.equal(parseRate(text), null, text);
});

test('every rate survives being written and read', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (value) => assert.equal(parseRate(formatRate(value as Rate)), value)));
});

test('restic is never told 0, which would mean no limit', () => {
  assert.equal(kibibytesPerSecond((4 * 2 ** 20) as Rate), 4096);
  assert.equal(kibibytesPerSecond(1 as Rate), 1);
  fc.assert(fc.property(fc.nat(), (value) => kibibytesPerSecond(value as Rate) >= 1));
});
