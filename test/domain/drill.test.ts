import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { comparable, extrapolate, pickOfTime, pickOne } from '../../src/domain/drill.ts';

test('a rotation visits the newest every other time, and the middle and the oldest in between', () => {
  const picks = Array.from({ length: 8 }, (_, drills) => pickOfTime('rotate', drills));
  assert.deepEqual(picks.slice(0, 4), ['newest', 'middle', 'newest', 'oldest']);
  assert.deepEqual(picks.slice(4), picks.slice(0, 4));
  assert.equal(pickOfTime('oldest', 7), 'oldest');
});

test('the newest, middle and oldest are where they should be, in a list of any length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), (length) => {
      const list = Array.from({ length }, (_, index) => index);
      assert.equal(pickOne(list, 'newest'), 0);
      assert.equal(pickOne(list, 'oldest'), length - 1);
      const middle = pickOne(list, 'middle') ?? NaN;
      assert.ok(Math.abs(middle - (length - 1) / 2) <= 0.5, `${middle} of ${length}`);
    }),
  );
  assert.equal(pickOne([], 'middle'), undefined);
});

const cost = fc.double({ min: 0, max: 1e-3, noNaN: true });
const amount = fc.record({ files: fc.integer({ min: 1, max: 1e6 }), bytes: fc.integer({ min: 1, max: 1e12 }) });

test('an extrapolated time is never less than what a restore takes that costs so much a byte and so much a file', () => {
  fc.assert(
    fc.property(
      amount,
      amount,
      cost,
      cost,
      fc.double({ min: 0, max: 60, noNaN: true }),
      (some, more, perByte, perFile, fixed) => {
        const all = { files: some.files + more.files, bytes: some.bytes + more.bytes };
        const took = ({ files, bytes }: typeof some): number => fixed + files * perFile + bytes * perByte;
        const measured = { fixedSeconds: fixed, restoreSeconds: took(some), validateSeconds: 1 };
        assert.ok(extrapolate(measured, some, all) >= (took(all) + 1) * (1 - 1e-9));
      },
    ),
  );
});

test('a sample of everything is a measurement', () => {
  fc.assert(
    fc.property(
      amount,
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      (all, a, b) => {
        const seconds = extrapolate({ fixedSeconds: a, restoreSeconds: b, validateSeconds: 2 }, all, all);
        assert.ok(Math.abs(seconds - (b + 2)) < 1e-9);
      },
    ),
  );
});

test('a sample that took no longer than listing the snapshot is not taken for one that took no time', () => {
  const seconds = extrapolate(
    { fixedSeconds: 1, restoreSeconds: 1, validateSeconds: 0 },
    { files: 1, bytes: 1 },
    { files: 100, bytes: 1 },
  );
  assert.ok(seconds > 10, String(seconds));
});

test('only files of the same size and time must be the same', () => {
  const file = { size: 5, mtime: 1000 };
  assert.ok(comparable(file, { ...file }));
  assert.ok(!comparable(file, { ...file, size: 6 }));
  assert.ok(!comparable(file, { ...file, mtime: 1001 }));
  assert.ok(!comparable({ ...file, mtime: null }, { ...file, mtime: null }), 'what is not known is not equal');
  assert.ok(!comparable({ ...file, size: 0 }, { ...file, size: 0 }), 'there is nothing to compare');
});
