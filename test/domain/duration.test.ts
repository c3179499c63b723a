import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeDuration, duration, type Duration, formatDuration, parseDuration } from '../../src/domain/duration.ts';

const anyDuration = fc.integer({ min: 0, max: 10 * 365 * 86_400_000 }).map((value) => value as Duration);

test('durations are written with a unit, alone or joined', () => {
  const written: readonly (readonly [string, number])[] = [
    ['90s', 90_000],
    ['45m', 45 * 60_000],
    ['26h', 26 * 3_600_000],
    ['7d', 7 * 86_400_000],
    ['2w', 14 * 86_400_000],
    ['1d12h', 36 * 3_600_000],
    ['250ms', 250],
    ['1.5h', 90 * 60_000],
    ['0s', 0],
  ];
  for (const [text, value] of written) assert.equal(parseDuration(text), value, text);
});

test('what is not a duration is refused rather than guessed', () => {
  for (const text of [
    '',
    '45',
    '45 m',
    '-5m',
    '5M',
    '2mo',
    '1y',
    'm',
    '5mm',
    '1h 30m',
    '1e3s',
    '.5h',
    '5.h',
    'Infinitys',
    '٣m',
  ]) {
    assert.equal(parseDuration(text), null, text);
  }
});

test('every duration survives being written and read', () => {
  fc.assert(fc.property(anyDuration, (value) => assert.equal(parseDuration(formatDuration(value)), value)));
});

test('joined units add up, whatever their order', () => {
  const unit = fc.constantFrom('ms' as const, 's' as const, 'm' as const, 'h' as const, 'd' as const, 'w' as const);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1000), unit), { minLength: 1, maxLength: 6 }), (parts) => {
      const sum = parts.reduce((total, [amount, symbol]) => total + duration(amount, symbol), 0);
      assert.equal(parseDuration(parts.map(([amount, symbol]) => `${amount}${symbol}`).join('')), sum);
    }),
  );
});

test('any text is either a duration or not, and never an exception or a fraction', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.]{1,4}[smhdw]{1,2}$/)), (text) => {
      const value = parseDuration(text);
      assert.ok(value === null || (Number.isInteger(value) && value >= 0), text);
    }),
  );
});

test('people are told what matters, without false precision', () => {
  const told: readonly (readonly [Duration, string])[] = [
    [duration(0, 's'), '0.0s'],
    [duration(4230, 'ms'), '4.2s'],
    [duration(42, 's'), '42s'],
    [duration(12, 'm'), '12m'],
    [duration(150, 'm'), '2h 30m'],
    [duration(26, 'h'), '26h'],
    [duration(76, 'h'), '3d 4h'],
    [duration(7, 'd'), '7d'],
    [duration(100, 'd'), '100d'],
  ];
  for (const [value, text] of told) assert.equal(describeDuration(value), text);
});
