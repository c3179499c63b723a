import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { duration } from '../../src/domain/duration.ts';
import type { RetentionPolicy } from '../../src/domain/retention-policy.ts';
import { applyPolicy, type RetentionSnapshot } from '../../src/domain/retention.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { policies, policy, snapshot, snapshotSets } from './support/snapshots.ts';

const sets = snapshotSets({ from: '2023-01-01T00:00:00Z', to: '2025-03-01T00:00:00Z' });
const kept = (snapshots: readonly RetentionSnapshot[], rules: RetentionPolicy): RetentionSnapshot[] =>
  applyPolicy(snapshots, rules).flatMap((result) => (result.keep ? [result.snapshot] : []));
const ids = (snapshots: readonly RetentionSnapshot[]): Set<string> => new Set(snapshots.map(({ id }) => id));
const reasons = (snapshots: readonly RetentionSnapshot[], rules: Partial<RetentionPolicy>): string[] =>
  applyPolicy(snapshots, policy(rules)).map((result) => result.reasons.join(', '));

test('each counting rule takes the newest of each span until its number is used up', () => {
  const snapshots = ['2024-01-03T09:00:00Z', '2024-01-02T20:00:00Z', '2024-01-02T08:00:00Z', '2024-01-01T08:00:00Z'].map(
    (text) => snapshot(text),
  );
  assert.deepEqual(reasons(snapshots, { daily: 2 }), ['daily snapshot', 'daily snapshot', '', '']);
});

test('while a count is left the oldest snapshot stays', () => {
  const snapshots = ['2024-01-02T09:00:00Z', '2024-01-02T08:00:00Z', '2024-01-02T07:00:00Z'].map((text) => snapshot(text));
  assert.deepEqual(reasons(snapshots, { daily: 7 }), ['daily snapshot', '', 'oldest daily snapshot']);
  assert.deepEqual(reasons(snapshots, { daily: 1 }), ['daily snapshot', '', '']);
});

test('a day is the day on the wall where the snapshot was made', () => {
  const snapshots = [
    snapshot('2024-01-02T00:30:00+01:00'),
    snapshot('2024-01-01T23:00:00Z'),
    snapshot('2024-01-01T20:00:00Z'),
  ];
  assert.deepEqual(reasons(snapshots, { daily: 2 }), ['daily snapshot', 'daily snapshot', '']);
});

test('weeks are ISO weeks: the first days of a January may belong to week 53', () => {
  const snapshots = [
    '2021-01-04T00:00:00Z',
    '2021-01-03T23:00:00Z',
    '2020-12-28T00:00:00Z',
    '2020-12-27T23:00:00Z',
    '2020-12-27T01:00:00Z',
  ];
  assert.deepEqual(
    reasons(
      snapshots.map((text) => snapshot(text)),
      { weekly: 3 },
    ),
    ['weekly snapshot', 'weekly snapshot', '', 'weekly snapshot', ''],
  );
});

test('within counts back from the newest snapshot, to the nanosecond, and leaves out the edge', () => {
  const snapshots = [
    snapshot('2024-01-02T00:00:00.000000001Z'),
    snapshot('2024-01-01T00:00:00.000000002Z'),
    snapshot('2024-01-01T00:00:00.000000001Z'),
  ];
  assert.deepEqual(reasons(snapshots, { within: duration(1, 'd') }), ['within 1d', 'within 1d', '']);
});

test('a tag keeps a snapshot without using up any count', () => {
  const snapshots = [snapshot('2024-01-02T00:00:00Z'), snapshot('2024-01-01T00:00:00Z', { tags: ['red'] })];
  assert.deepEqual(reasons(snapshots, { last: 1, tags: ['red'] }), ['last snapshot', 'has tag red']);
});

test('a time that is not one is an error, never a guess', () => {
  for (const text of [
    'yesterday',
    '2024-02-30T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01 00:00:00',
    '',
  ]) {
    assert.throws(
      () => applyPolicy([snapshot(text)], policy({ last: 1 })),
      (error) => error instanceof HoldfastError && error.code === 'tool-output',
    );
  }
});

test('every snapshot is answered once, newest first', () => {
  fc.assert(
    fc.property(sets, policies, (snapshots, rules) => {
      const results = applyPolicy(snapshots, rules).map((result) => result.snapshot);
      assert.deepEqual(ids(results), ids(snapshots));
      assert.equal(results.length, snapshots.length);
      for (const [index, { time }] of results.entries()) assert.ok(time <= (results[index - 1]?.time ?? Infinity));
    }),
  );
});

test('applied to what it kept it keeps all of it', () => {
  fc.assert(
    fc.property(sets, policies, (snapshots, rules) => {
      const once = kept(snapshots, rules);
      assert.deepEqual(kept(once, rules), once);
    }),
  );
});

test('the rules keep together what each keeps alone', () => {
  fc.assert(
    fc.property(sets, policies, (snapshots, { tags, within, ...counts }) => {
      const alone = Object.entries(counts).map(([rule, count]) => kept(snapshots, policy({ [rule]: count })));
      const union = ids([...alone.flat(), ...kept(snapshots, policy({ within })), ...kept(snapshots, policy({ tags }))]);
      assert.deepEqual(ids(kept(snapshots, { ...counts, within, tags })), union);
    }),
  );
});

test('last keeps that many, and no counting rule keeps more than its number', () => {
  fc.assert(
    fc.property(sets, fc.integer({ min: 1, max: 70 }), (snapshots, count) => {
      assert.equal(kept(snapshots, policy({ last: count })).length, Math.min(count, snapshots.length));
      for (const rule of ['hourly', 'daily', 'weekly', 'monthly', 'yearly']) {
        assert.ok(kept(snapshots, policy({ [rule]: count })).length <= count);
      }
    }),
  );
});

test('in one time zone a newer snapshot never brings back one that was to be removed', () => {
  const oneZone = snapshotSets({ from: '2023-01-01T00:00:00Z', to: '2025-03-01T00:00:00Z', offsets: [60] });
  fc.assert(
    fc.property(oneZone, policies, fc.integer({ min: 0, max: 60 }), (snapshots, rules, hours) => {
      const newer = snapshot(new Date(Date.parse('2025-03-01T00:00:00Z') + hours * 3_600_000 + 1000).toISOString());
      const before = ids(kept(snapshots, rules));
      for (const { id } of kept([...snapshots, newer], rules)) assert.ok(id === newer.id || before.has(id));
    }),
  );
});
