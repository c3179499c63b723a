import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../src/domain/instant.ts';
import {
  chooseSet,
  type Found,
  likelySet,
  type SetChoice,
  setsOf,
  type SnapshotSet,
} from '../../src/domain/recovery-snapshots.ts';

const set = (name: string, referenced = 100, unchanged = false): SnapshotSet => ({
  name,
  at: 0 as Instant,
  referenced,
  unchanged,
});

type Settled = Exclude<SetChoice, { kind: 'look' }> & { readonly looks: readonly string[] };

/** Looks as often as it is asked to. */
function settle(sets: readonly SnapshotSet[], truth: Readonly<Record<string, Found>>): Settled {
  const looked = new Map<string, Found>();
  for (;;) {
    const choice = chooseSet(sets, looked);
    if (choice.kind !== 'look') return { ...choice, looks: [...looked.keys()] };
    assert.ok(!looked.has(choice.at.name), 'nothing is looked at twice');
    looked.set(choice.at.name, truth[choice.at.name] ?? 'nothing');
  }
}

test('snapshots that were taken after the loss are empty, and are passed over for the newest that has all', () => {
  const sets = ['d', 'c', 'b', 'a'].map((name) => set(name));
  const chosen = settle(sets, { d: 'nothing', c: 'part', b: 'all', a: 'all' });
  assert.equal(chosen.kind === 'chosen' && chosen.set.name, 'b');
  assert.deepEqual(
    chosen.passed.map((each) => [each.set.name, each.why]),
    [
      ['d', 'nothing'],
      ['c', 'part'],
    ],
  );
  assert.deepEqual(settle(sets, {}).kind, 'none');
  assert.deepEqual(settle([], {}), { kind: 'none', passed: [], looks: [] });
});

test('one that was taken in the middle of the loss has much less than those before it: it is taken only where there is none better', () => {
  const name = (sets: readonly SnapshotSet[], truth: Readonly<Record<string, Found>> = {}): string => {
    const all = Object.fromEntries(sets.map((each) => [each.name, 'all' as const]));
    const choice = settle(sets, { ...all, ...truth });
    return choice.kind === 'chosen' ? choice.set.name : choice.kind;
  };
  assert.equal(name([set('d', 40), set('c'), set('b'), set('a')]), 'c');
  assert.equal(
    name([set('d', 40), set('c', 45), set('b', 40), set('a')]),
    'd',
    'it was made smaller on purpose, a while ago',
  );
  assert.equal(name([set('d', 60), set('c')]), 'd');
  assert.equal(name([set('d', 40), set('c')], { c: 'nothing' }), 'd');
});

test('what did not change since the one before it is looked at once', () => {
  const sets = [set('d', 10, true), set('c', 10, true), set('b', 10), set('a', 100)];
  const { looks, passed } = settle(sets, { a: 'all' });
  assert.deepEqual(looks, ['d', 'a']);
  assert.equal(passed.length, 3);
});

test('whatever there is: the choice has all, and nothing newer that is passed over has, unless it is much smaller', () => {
  const sets = fc.uniqueArray(
    fc.record({
      name: fc.string({ minLength: 1, maxLength: 3 }),
      referenced: fc.nat(1000),
      found: fc.constantFrom<Found>('all', 'part', 'nothing'),
    }),
    { selector: ({ name }) => name, maxLength: 8 },
  );
  fc.assert(
    fc.property(sets, (all) => {
      const truth = Object.fromEntries(all.map(({ name, found }) => [name, found]));
      const choice = settle(
        all.map(({ name, referenced }) => set(name, referenced)),
        truth,
      );
      if (choice.kind === 'none') assert.ok(all.every(({ found }) => found !== 'all'));
      else {
        assert.equal(truth[choice.set.name], 'all');
        for (const { set: newer, why } of choice.passed) assert.equal(truth[newer.name], why === 'shrunk' ? 'all' : why);
      }
    }),
  );
});

const member = (name: string, createtxg: number, more: object = {}) => ({
  name,
  createtxg,
  creation: (createtxg * 1000) as Instant,
  referenced: 5,
  unchanged: false,
  temporary: false,
  ...more,
});

test('a set is one name over all datasets, without what is gone after its run; the newest first, whatever the clock said', () => {
  const one = [member('a', 1), member('b', 2, { creation: 0 }), member('holdfast-x', 3, { temporary: true })];
  const other = [member('b', 12), member('a', 11), member('only', 13)];
  assert.deepEqual(
    setsOf([one, other]).map(({ name, at, referenced }) => [name, at, referenced]),
    [
      ['b', 0, 10],
      ['a', 1000, 10],
    ],
  );
  assert.deepEqual(setsOf([[], other]), []);
});

test('where nobody can look yet it is probably the newest that refers to more than an empty dataset', () => {
  const MB = 1024 * 1024;
  assert.equal(likelySet([set('c', 100_000), set('b', 3 * MB), set('a', 4 * MB)])?.name, 'b');
  assert.equal(likelySet([set('b', 30_000), set('a', 29_000)])?.name, 'b');
  assert.equal(likelySet([]), null);
});
