// Destroying in a pool: one program for all that can go, and dataset by dataset only what it left.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fullName, type ZfsSnapshot } from '../../../src/domain/zfs-snapshot.ts';
import { destroyAll, type Destroying } from '../../../src/engine/snapshot-policy/destroy-all.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';

type Snapshot = Pick<ZfsSnapshot, 'dataset' | 'name'>;
const context = { signal: new AbortController().signal, progress: () => {} };
const failure = (code: 'permission-denied' | 'interrupted' | 'busy'): HoldfastError =>
  new HoldfastError({ code, operation: 'destroy', subject: 'tank', message: code });

/** A pool of these, of which some cannot go. */
class Pool implements Destroying {
  readonly there: Set<string>;
  readonly batches: string[][] = [];
  readonly #refuses: (full: string) => boolean;
  readonly #program: HoldfastError | null;

  constructor(names: readonly string[], refuses: (full: string) => boolean, program: HoldfastError | null = null) {
    this.there = new Set(names);
    this.#refuses = refuses;
    this.#program = program;
  }

  readonly together = (_pool: string, snapshots: readonly Snapshot[]): Promise<void> => {
    if (this.#program) return Promise.reject(this.#program);
    for (const full of snapshots.map(fullName)) if (!this.#refuses(full)) this.there.delete(full);
    return Promise.resolve();
  };

  readonly batch: Destroying['batch'] = (dataset, names) => {
    const all = names.map((name) => fullName({ dataset, name }));
    this.batches.push(all);
    for (const full of all) if (!this.#refuses(full)) this.there.delete(full);
    return Promise.resolve(
      new Map(names.filter((name) => this.#refuses(`${dataset}@${name}`)).map((name) => [name, failure('busy')])),
    );
  };

  readonly listed = (names: readonly string[]): Promise<ReadonlySet<string>> =>
    Promise.resolve(new Set(names.filter((full) => this.there.has(full))));
}

const wanted: readonly Snapshot[] = ['tank/a', 'tank/b', 'tank/c'].flatMap((dataset) =>
  ['x', 'y'].map((name) => ({ dataset, name })),
);
const all = wanted.map(fullName);

test('what can go goes at once, and no dataset is asked on its own', async () => {
  const pool = new Pool([...all, 'tank/a@mine'], () => false);
  const { left, stuck } = await destroyAll('tank', wanted, context, pool);
  assert.deepEqual([[...left], stuck.size, pool.batches], [[], 0, []]);
  assert.deepEqual([...pool.there], ['tank/a@mine']);
});

test('only what was left is tried on its own, which tells why it stays', async () => {
  const pool = new Pool(all, (full) => full === 'tank/b@y');
  const { left, stuck } = await destroyAll('tank', wanted, context, pool);
  assert.deepEqual([[...left], [...stuck.keys()], pool.batches], [['tank/b@y'], ['tank/b@y'], [['tank/b@y']]]);
});

test('who may run no program destroys dataset by dataset', async () => {
  const pool = new Pool(all, () => false, failure('permission-denied'));
  const { left } = await destroyAll('tank', wanted, context, pool);
  assert.deepEqual([left.size, pool.batches.length], [0, 3]);
});

test('a run that is cancelled destroys nothing more', async () => {
  const pool = new Pool(all, () => false, failure('interrupted'));
  await assert.rejects(destroyAll('tank', wanted, context, pool), { code: 'interrupted' });
  assert.deepEqual([pool.there.size, pool.batches], [6, []]);
});

test('whatever cannot go, exactly that of what was wanted is left, and nothing else is touched', async () => {
  const names = fc.uniqueArray(fc.stringMatching(/^tank\/[a-c]@[a-z]{1,2}$/), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      names,
      fc.func(fc.boolean()),
      fc.func(fc.boolean()),
      fc.boolean(),
      async (there, goes, sticks, denied) => {
        const snapshots = there
          .filter((full) => goes(full))
          .map((full) => {
            const [dataset = '', name = ''] = full.split('@');
            return { dataset, name };
          });
        const pool = new Pool(there, sticks, denied ? failure('permission-denied') : null);
        const { stuck } = await destroyAll('tank', snapshots, context, pool);
        assert.deepEqual(new Set(stuck.keys()), new Set(there.filter((full) => goes(full) && sticks(full))));
        assert.deepEqual(pool.there, new Set(there.filter((full) => !goes(full) || sticks(full))));
      },
    ),
    { numRuns: 200, seed: 5 },
  );
});
