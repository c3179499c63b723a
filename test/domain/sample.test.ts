import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Sample, type SampledFile } from '../../src/domain/sample.ts';

const sampled = (files: readonly SampledFile[], count: number, seed = 'run'): SampledFile[] => {
  const sample = new Sample(count, seed);
  for (const file of files) sample.add(file);
  return sample.chosen();
};

const files = fc.uniqueArray(
  fc.record({
    path: fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 999 })).map(([d, f]) => `/d${d}/f${f}`),
    size: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 1e12 })),
  }),
  { selector: ({ path }) => path, maxLength: 200 },
);
const count = fc.integer({ min: 1, max: 40 });

test('a sample has as many files as are wanted and there are, each once, and empty ones only when there is nothing else', () => {
  fc.assert(
    fc.property(files, count, (all, wanted) => {
      const chosen = sampled(all, wanted);
      const real = all.filter(({ size }) => size > 0);
      assert.equal(chosen.length, Math.min(wanted, real.length === 0 ? all.length : real.length));
      assert.equal(new Set(chosen.map(({ path }) => path)).size, chosen.length);
      assert.ok(real.length === 0 || chosen.every(({ size }) => size > 0));
    }),
  );
});

test('the same seed chooses the same files in whatever order they are told, another seed others', () => {
  fc.assert(
    fc.property(files, count, fc.string(), (all, wanted, seed) => {
      assert.deepEqual(sampled(all, wanted, seed), sampled(all.toReversed(), wanted, seed));
    }),
  );
  const many = Array.from({ length: 1000 }, (_, index) => ({ path: `/d/${index}`, size: 10 }));
  assert.notDeepEqual(sampled(many, 5, 'one'), sampled(many, 5, 'two'));
});

test('each class of sizes is in it when it is large enough, and so is each directory', () => {
  fc.assert(
    fc.property(files, (all) => {
      const real = all.filter(({ size }) => size > 0);
      const classes = new Set(real.map(({ size }) => Math.floor(Math.log2(size) / 2)));
      const chosen = sampled(all, Math.max(1, classes.size));
      assert.equal(
        new Set(chosen.map(({ size }) => Math.floor(Math.log2(size) / 2))).size,
        real.length === 0 ? chosen.length && 1 : classes.size,
      );
    }),
  );
  const tree = Array.from({ length: 1000 }, (_, index) => ({ path: `/d${index % 20}/f${index}`, size: 1000 }));
  assert.equal(new Set(sampled(tree, 20).map(({ path }) => path.split('/')[1])).size, 20);
});

test('of a million files it keeps a bounded number, and each has about the same chance', () => {
  const hits = new Map<number, number>();
  for (let seed = 0; seed < 200; seed += 1) {
    for (const { path } of sampled(
      Array.from({ length: 500 }, (_, index) => ({ path: `/d/${index}`, size: 100 })),
      5,
      `seed ${seed}`,
    )) {
      const tenth = Math.floor(Number(path.slice(3)) / 50);
      hits.set(tenth, (hits.get(tenth) ?? 0) + 1);
    }
  }
  assert.equal(hits.size, 10);
  for (const [tenth, times] of hits) assert.ok(times > 60 && times < 140, `${times} of 1000 from tenth ${tenth}`);
  const begin = process.memoryUsage().heapUsed;
  const sample = new Sample(10, 'x');
  for (let index = 0; index < 1_000_000; index += 1)
    sample.add({ path: `/some/directory/${index % 1000}/${index}`, size: 1 + index });
  assert.equal(sample.chosen().length, 10);
  assert.ok(process.memoryUsage().heapUsed - begin < 100e6);
});
