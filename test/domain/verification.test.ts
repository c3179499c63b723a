import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../src/domain/instant.ts';
import {
  allReadSince,
  EVERYTHING,
  type Flaw,
  isInSlice,
  nextSlice,
  standingFlaws,
  type Slice,
  type Verification,
  type VerificationFact,
} from '../../src/domain/verification.ts';

const fact = (run: number, detail: Partial<Verification>, at = run): VerificationFact => ({
  runId: String(run).padStart(6, '0'),
  at: at as Instant,
  detail: { how: 'check', slice: null, flaws: [], gone: [], bytesRead: null, ...detail },
});
const pack = (byte: number): string => byte.toString(16).padStart(2, '0').padEnd(64, '0');
const flaw = (item: string, problem: Flaw['problem'] = 'damaged'): Flaw => ({ item, problem });
const names = (facts: readonly VerificationFact[]): string[] => [...standingFlaws(facts).keys()];

const division = fc.integer({ min: 1, max: 256 });
const byte = fc.integer({ min: 0, max: 255 });

describe('the rotation', () => {
  test('reads every pack exactly once in as many runs as there are slices', () => {
    fc.assert(
      fc.property(division, byte, fc.integer({ min: 0, max: 300 }), (of, first, before) => {
        const facts: VerificationFact[] = [];
        let reads = 0;
        for (let run = 0; run < before + of; run++) {
          const slice = nextSlice(facts, 'check', of);
          if (run >= before && isInSlice(pack(first), slice)) reads += 1;
          facts.push(fact(run, { slice }));
        }
        assert.equal(reads, 1);
        if (before > 0) assert.notEqual(allReadSince(facts, 'check'), null);
      }),
      { numRuns: 50 },
    );
  });

  test('is not moved by reading in another way, or in other slices', () => {
    const facts = [
      fact(1, { slice: { index: 3, of: 10 } }),
      fact(2, { slice: EVERYTHING }),
      fact(3, { how: 'names', slice: { index: 8, of: 10 } }),
      fact(4, { slice: null }),
    ];
    assert.deepEqual(nextSlice(facts, 'check', 10), { index: 4, of: 10 });
    assert.deepEqual(nextSlice(facts, 'names', 10), { index: 9, of: 10 });
    assert.deepEqual(nextSlice(facts, 'check', 4), { index: 1, of: 4 });
  });

  test('goes on after the last run although its clock was a year ahead', () => {
    const facts = [fact(1, { slice: { index: 5, of: 10 } }, 1_000_000), fact(2, { slice: { index: 6, of: 10 } }, 2)];
    assert.deepEqual(nextSlice(facts, 'check', 10), { index: 7, of: 10 });
  });

  test('says since when everything has been read, and nothing while a slice is lacking', () => {
    const half = (run: number, index: number): VerificationFact => fact(run, { slice: { index, of: 2 } });
    assert.equal(allReadSince([half(1, 1), half(5, 1)], 'check'), null);
    assert.equal(allReadSince([half(1, 1), half(3, 2), half(5, 1)], 'check'), 3);
    assert.equal(allReadSince([half(1, 1), half(3, 2)], 'names'), null);
    assert.equal(allReadSince([half(1, 1), fact(2, { slice: EVERYTHING })], 'check'), 2);
  });
});

describe('damage', () => {
  const broken = flaw(`data/${pack(3)}`);

  test('stands until its slice is read again and found whole', () => {
    const facts = [fact(1, { slice: EVERYTHING, flaws: [broken] }), fact(2, { slice: { index: 1, of: 2 } }), fact(3, {})];
    assert.deepEqual(names(facts), [broken.item]);
    assert.equal(standingFlaws(facts).get(broken.item)?.since, 1);
    assert.deepEqual(names([...facts, fact(4, { slice: { index: 2, of: 2 } })]), []);
    assert.deepEqual(names([...facts, fact(4, { slice: { index: 2, of: 2 }, flaws: [broken] })]), [broken.item]);
  });

  test('is mended when the file is in the repository no more', () => {
    assert.deepEqual(names([fact(1, { slice: EVERYTHING, flaws: [broken] }), fact(2, { gone: [broken.item] })]), []);
  });

  test('of the structure, and what is missing, is mended only by a look with the key', () => {
    for (const each of [flaw('structure'), flaw('config'), flaw(broken.item, 'missing')]) {
      const met = fact(1, { slice: EVERYTHING, flaws: [each] });
      assert.deepEqual(names([met, fact(2, { how: 'names', slice: EVERYTHING })]), [each.item]);
      assert.deepEqual(names([met, fact(2, {})]), []);
    }
  });

  test('that only decrypting showed is not mended by a name that fits, and what a name showed is by either', () => {
    const checked = fact(1, { slice: EVERYTHING, flaws: [broken] });
    assert.deepEqual(names([checked, fact(2, { how: 'names', slice: EVERYTHING })]), [broken.item]);
    const metAgain = fact(2, { how: 'names', slice: EVERYTHING, flaws: [broken] });
    assert.deepEqual(names([checked, metAgain, fact(3, { how: 'names', slice: EVERYTHING })]), [broken.item]);
    const named = fact(1, { how: 'names', slice: EVERYTHING, flaws: [broken, flaw('config', 'missing')] });
    assert.deepEqual(names([named, fact(2, { how: 'names', slice: EVERYTHING })]), []);
    assert.deepEqual(names([named, fact(2, { slice: EVERYTHING })]), []);
  });

  test('of a key is mended only by a look at all files', () => {
    const met = fact(1, { how: 'names', slice: EVERYTHING, flaws: [flaw(`keys/${pack(1)}`)] });
    assert.equal(names([met, fact(2, { slice: EVERYTHING })]).length, 1);
    assert.equal(names([met, fact(2, { how: 'names', slice: { index: 1, of: 9 } })]).length, 0);
  });

  test('once met never turns into nothing by runs that did not read it, in whatever order the facts are told', () => {
    const slice: fc.Arbitrary<Slice | null> = fc.option(
      division.chain((of) => fc.record({ index: fc.integer({ min: 1, max: of }), of: fc.constant(of) })),
    );
    const blind = slice.filter((each) => each === null || !isInSlice(pack(3), each));
    const how = fc.constantFrom('check' as const, 'names' as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(how, blind), { maxLength: 12 }), fc.nat({ max: 12 }), (runs, position) => {
        const facts = [
          fact(0, { slice: EVERYTHING, flaws: [broken] }),
          ...runs.map(([means, part], run) => fact(run + 1, { how: means, slice: part })),
        ];
        const turned = [...facts.slice(position), ...facts.slice(0, position)];
        assert.deepEqual(names(turned), [broken.item]);
      }),
    );
  });
});
