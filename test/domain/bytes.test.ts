import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Bytes, describeBytes, formatBytes, parseBytes } from '../../src/domain/bytes.ts';

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const anyBytes = fc
  .oneof(
    fc.maxSafeNat(),
    fc.nat(1000).map((amount) => amount * 2 ** 30),
  )
  .map((value) => value as Bytes);

test('sizes have decimal and binary units, which differ', () => {
  assert.equal(parseBytes('50GB'), 50e9);
  assert.equal(parseBytes('50GiB'), 50 * 2 ** 30);
  assert.equal(parseBytes('1.5 MiB'), 1.5 * 2 ** 20);
  assert.equal(parseBytes('512B'), 512);
  assert.equal(parseBytes('4kB'), parseBytes('4KB'));
});

test('a size without a unit, or with one that could mean two things, is refused', () => {
  for (const text of ['', '50', '50G', '50g', '50gb', '50Gb', '-1GB', 'GB', '1e3MB', '5iB', '5 0MB', '1kiB']) {
    assert.equal(parseBytes(text), null, text);
  }
});

test('every size survives being written and read', () => {
  fc.assert(fc.property(anyBytes, (value) => assert.equal(parseBytes(formatBytes(value)), value)));
});

test('every written size is a whole number of bytes', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(999), fc.constantFrom(...UNITS), (whole, fraction, symbol) => {
      const value = parseBytes(`${whole}.${fraction}${symbol}`);
      assert.ok(value !== null && Number.isInteger(value) && value >= 0);
    }),
  );
});

test('people are told three digits and a binary unit', () => {
  const told: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1.23 * 2 ** 30, '1.23 GiB'],
    [45.6 * 2 ** 20, '45.6 MiB'],
    [789 * 2 ** 40, '789 TiB'],
    [5000 * 2 ** 50, '5000 PiB'],
  ];
  for (const [value, text] of told) assert.equal(describeBytes(Math.round(value) as Bytes), text);
});
