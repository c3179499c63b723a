// What is due of the snapshots by calendar: each period has one, whatever clocks do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../src/domain/instant.ts';
import { dueKinds } from '../../src/domain/snapshot-due.ts';
import { kindOf, POLICY_PROPERTY, policyMark, snapshotName } from '../../src/domain/snapshot-name.ts';
import { PERIOD, periodStart } from '../../src/domain/snapshot-period.ts';
import { policyFor, SNAPSHOT_KINDS, type SnapshotKind, type SnapshotPolicy } from '../../src/domain/snapshot-policy.ts';
import type { ZfsSnapshot } from '../../src/domain/zfs-snapshot.ts';
import { keeping, snapshot, taken } from './support/policy-snapshots.ts';

const BERLIN = 'Europe/Berlin';
const ZONES = ['UTC', BERLIN, 'America/Havana', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Australia/Lord_Howe'] as const;
const at = (text: string): Instant => Date.parse(text) as Instant;

/** Takes what is due at each of these times, one after the other, and answers with everything that there is then. */
function live(policy: SnapshotPolicy, times: readonly Instant[], zone: string): ZfsSnapshot[] {
  const all: ZfsSnapshot[] = [];
  for (const now of times) {
    for (const kind of dueKinds(policy, all, { adopt: 'beside', now, zone }))
      all.push(taken(kind, now, { zone, among: all, createtxg: all.length + 1 }));
  }
  return all;
}
const count = (all: readonly ZfsSnapshot[], kind: SnapshotKind): number =>
  all.filter((each) => kindOf(each, 'beside') === kind).length;

test('each hour has one, and hours that were missed are made up for once', () => {
  const policy = keeping({ hourly: 24 });
  const times = ['08:00:05Z', '08:30Z', '08:59Z', '09:00Z', '14:20Z', '14:40Z', '15:00Z'].map((time) =>
    at(`2026-11-22T${time}`),
  );
  assert.deepEqual(
    live(policy, times, 'UTC').map(({ name }) => name),
    ['08:00:05', '09:00:00', '14:20:00', '15:00:00'].map((time) => `holdfast_2026-11-22_${time}_hourly`),
  );
});

test('nothing is due of a kind that is not kept, nor where none are taken', () => {
  const now = at('2026-11-22T08:00Z');
  assert.deepEqual(dueKinds(keeping({}), [], { adopt: 'beside', now, zone: 'UTC' }), []);
  const resting = { ...keeping({ daily: 1 }), autosnap: false };
  assert.deepEqual(dueKinds(resting, [], { adopt: 'beside', now, zone: 'UTC' }), []);
});

test('the day on which clocks go back has twenty-five hours with a snapshot each and names of their own, and one daily', () => {
  const times = Array.from({ length: 25 * 4 }, (_, index) => (at('2026-10-24T22:00Z') + index * 900_000) as Instant);
  const all = live(keeping({ hourly: 1, daily: 1 }), times, BERLIN);
  assert.deepEqual([count(all, 'hourly'), count(all, 'daily')], [25, 1]);
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
  assert.ok(
    all.some(({ name }) => name === 'holdfast_2026-10-25_02:00:00dst_hourly'),
    'as sanoid calls the second one',
  );
});

test('the day on which clocks go forward has twenty-three hours, and one daily', () => {
  const times = Array.from({ length: 23 * 4 }, (_, index) => (at('2026-03-28T23:00Z') + index * 900_000) as Instant);
  const all = live(keeping({ hourly: 1, daily: 1 }), times, BERLIN);
  assert.deepEqual([count(all, 'hourly'), count(all, 'daily')], [23, 1]);
});

test('a midnight that clocks show twice begins one day', () => {
  const times = Array.from({ length: 24 * 8 }, (_, index) => (at('2026-10-31T04:00Z') + index * 900_000) as Instant);
  assert.equal(count(live(keeping({ daily: 1 }), times, 'America/Havana'), 'daily'), 2);
});

test('a clock that went back makes one more, never none, and goes on from there', () => {
  const policy = keeping({ hourly: 24 });
  const ahead = live(policy, [at('2027-06-01T10:00Z')], 'UTC');
  const now = at('2026-11-22T08:10Z');
  assert.deepEqual(dueKinds(policy, ahead, { adopt: 'beside', now, zone: 'UTC' }), ['hourly']);
  const after = [...ahead, taken('hourly', now, { createtxg: 2 })];
  const later = (text: string): SnapshotKind[] => dueKinds(policy, after, { adopt: 'beside', now: at(text), zone: 'UTC' });
  assert.deepEqual(later('2026-11-22T08:50Z'), []);
  assert.deepEqual(later('2026-11-22T09:00Z'), ['hourly']);
});

test('snapshots of sanoid count where they are adopted, and not beside it', () => {
  const theirs = [snapshot({ name: 'autosnap_2026-11-22_08:00:02_hourly', creation: at('2026-11-22T08:00:02Z') })];
  const due = (adopt: 'sanoid' | 'beside'): SnapshotKind[] =>
    dueKinds(keeping({ hourly: 1 }), theirs, { adopt, now: at('2026-11-22T08:30Z'), zone: 'UTC' });
  assert.deepEqual(due('sanoid'), []);
  assert.deepEqual(due('beside'), ['hourly']);
});

test('one is ours by name and property together; a property that a dataset hands down makes nothing ours', () => {
  const name = 'holdfast_2026-11-22_08:00:00_hourly';
  const of = (property: string | null, called = name): SnapshotKind | null =>
    kindOf({ name: called, properties: property === null ? {} : { [POLICY_PROPERTY]: property } }, 'beside');
  assert.equal(of('2026-11-22_08:00:00_hourly'), 'hourly');
  assert.equal(of(null), null);
  assert.equal(of('2026-11-22_07:00:00_hourly'), null);
  assert.equal(of('hourly'), null);
  assert.equal(of('2026-11-22_08:00:00_hourly', 'before-the-upgrade'), null);
  assert.equal(of('2026-11-22_08:00:00_hourly', 'autosnap_2026-11-22_08:00:00_hourly'), 'hourly', 'of another time of ours');
  assert.equal(kindOf({ name: 'autosnap_2026-11-22_08:00:00_hourly_old', properties: {} }, 'sanoid'), null);
});

test('beside sanoid a name of ours is none that it takes for its own', () => {
  const now = at('2026-11-22T08:00Z');
  for (const kind of SNAPSHOT_KINDS) {
    const mark = policyMark(kind, now, 'UTC');
    assert.doesNotMatch(snapshotName(mark, 'beside', new Set()), /^autosnap/);
    assert.equal(snapshotName(mark, 'sanoid', new Set()), `autosnap_2026-11-22_08:00:00_${kind}`);
  }
});

const kinds = fc.constantFrom(...SNAPSHOT_KINDS);
const instants = fc.integer({ min: at('2000-01-01T00:00Z') / 1000, max: at('2060-01-01T00:00Z') / 1000 });

test('a period begins no later than any time of it, not longer ago than it lasts, and has one beginning', () => {
  fc.assert(
    fc.property(kinds, fc.constantFrom(...ZONES), instants, (kind, zone, seconds) => {
      const now = (seconds * 1000) as Instant;
      const start = periodStart(kind, now, zone);
      assert.ok(start <= now);
      assert.ok(now - start <= PERIOD[kind] + 2 * 3_600_000, 'but for hours that clocks show twice');
      assert.equal(periodStart(kind, start, zone), start);
      const between = (start + Math.floor((now - start) / 2000) * 1000) as Instant;
      assert.equal(periodStart(kind, between, zone), start);
    }),
    { numRuns: 3000, seed: 7 },
  );
});

test('right after what is due was taken nothing is, at any time and with any clock before', () => {
  fc.assert(
    fc.property(fc.array(instants, { maxLength: 6 }), instants, fc.constantFrom(...ZONES), (before, seconds, zone) => {
      const policy = keeping({ frequently: 1, hourly: 1, daily: 1, weekly: 1, monthly: 1, yearly: 1 });
      const now = (seconds * 1000) as Instant;
      const all = live(policy, [...before.map((each) => (each * 1000) as Instant), now], zone);
      assert.deepEqual(dueKinds(policy, all, { adopt: 'beside', now, zone }), []);
      for (const kind of SNAPSHOT_KINDS) assert.ok(count(all, kind) >= 1);
    }),
    { numRuns: 500, seed: 8 },
  );
});

test('a dataset has the policy that is declared for it, or the nearest above that reaches down to it', () => {
  const of = (dataset: string, reach: SnapshotPolicy['reach']): [string, SnapshotPolicy] => [
    dataset,
    { ...keeping({ daily: 1 }), dataset, reach },
  ];
  const declared = new Map([of('tank', 'tree'), of('tank/a', 'itself'), of('tank/b', 'children'), of('tank/a/x', 'tree')]);
  const found = (dataset: string): string | null => policyFor(dataset, declared)?.dataset ?? null;
  assert.deepEqual(['tank', 'tank/a', 'tank/a/b', 'tank/a/x/y', 'tank/b', 'tank/b/c', 'tankard', 'other'].map(found), [
    'tank',
    'tank/a',
    'tank',
    'tank/a/x',
    null,
    'tank/b',
    null,
    null,
  ]);
});
