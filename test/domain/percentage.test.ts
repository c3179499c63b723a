import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatPercentage, parsePercentage } from '../../src/domain/percentage.ts';

test('a percentage is a share between none and all', () => {
  assert.equal(parsePercentage('0%'), 0);
  assert.equal(parsePercentage('10%'), 0.1);
  assert.equal(parsePercentage('12.5%'), 0.125);
  assert.equal(parsePercentage('100%'), 1);
  for (const text of ['', '10', '%', '101%', '-1%', '10 %', '1e1%', '0.1']) assert.equal(parsePercentage(text), null, text);
});

test('every percentage of up to four decimals survives being written and read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), (value) => {
      const text = `${value / 10_000}%`;
      const share = parsePercentage(text);
      assert.ok(share !== null);
      assert.equal(formatPercentage(share), text);
      assert.equal(parsePercentage(formatPercentage(share)), share);
    }),
  );
});
