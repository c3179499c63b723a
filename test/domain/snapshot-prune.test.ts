// What of the snapshots by calendar may go: never more than the policy lets go of, and nothing that anybody still needs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../src/domain/instant.ts';
import { kindOf } from '../../src/domain/snapshot-name.ts';
import { PERIOD } from '../../src/domain/snapshot-period.ts';
import { SNAPSHOT_KINDS, type SnapshotPolicy } from '../../src/domain/snapshot-policy.ts';
import { decidePrune, type PruneScene } from '../../src/domain/snapshot-prune.ts';
import type { ZfsSnapshot } from '../../src/domain/zfs-snapshot.ts';
import { keeping, snapshot, taken } from './support/policy-snapshots.ts';

const NOW = Date.parse('2026-11-22T08:30Z') as Instant;
const HOUR = 3_600_000;
const ago = (hours: number): Instant => (NOW - hours * HOUR) as Instant;
const scene = (parts: Partial<PruneScene> = {}): PruneScene => ({
  adopt: 'beside',
  now: NOW,
  bases: new Set(),
  isCloned: () => false,
  ...parts,
});
/** `count` hourly ones, the newest an hour old. */
const hours = (count: number): ZfsSnapshot[] =>
  Array.from({ length: count }, (_, index) => taken('hourly', ago(count - index), { createtxg: index + 1 }));

const gone = (policy: SnapshotPolicy, snapshots: readonly ZfsSnapshot[], parts: Partial<PruneScene> = {}): string[] =>
  decidePrune(policy, snapshots, scene(parts)).flatMap((entry) => (entry.stays === null ? [entry.snapshot.guid] : []));

test('those beyond the count that are old enough go, the oldest first', () => {
  assert.deepEqual(gone(keeping({ hourly: 4 }), hours(7)), ['1', '2', '3']);
});

test('after a month off nothing goes that is counted, however old', () => {
  const old = [taken('hourly', ago(900), { createtxg: 1 }), taken('hourly', ago(899), { createtxg: 2 })];
  assert.deepEqual(gone(keeping({ hourly: 2 }), old), []);
});

test('more of a kind than are kept stay as long as they are young', () => {
  const crowd = [5, 4, 3, 2, 1].map((minutes, index) => taken('hourly', ago(minutes / 60), { createtxg: index + 1 }));
  assert.deepEqual(gone(keeping({ hourly: 2 }), crowd), []);
});

test('what is held, cloned or the base of a replication stays, and it says so', () => {
  const [one, two, three, ...rest] = hours(7);
  assert.ok(one && two && three);
  const entries = decidePrune(
    keeping({ hourly: 4 }),
    [{ ...one, holds: 1 }, two, three, ...rest],
    scene({ bases: new Set([two.guid]), isCloned: ({ guid }) => guid === three.guid }),
  );
  assert.deepEqual(
    entries.slice(0, 4).map(({ stays }) => stays),
    ['held', 'base', 'cloned', 'counted'],
  );
  assert.match(entries[1]?.reason ?? '', /base of a replication/);
});

test('the newest of a dataset stays even where no kind keeps it; one that somebody took later makes it free to go', () => {
  const only = [taken('daily', ago(90), { createtxg: 5 })];
  assert.deepEqual(gone(keeping({ hourly: 1 }), only), []);
  assert.deepEqual(gone(keeping({ hourly: 1 }), [...only, snapshot({ createtxg: 6 })]), ['5']);
});

test('foreign snapshots, and those of syncoid, are not in it; those of sanoid only where they are adopted', () => {
  const foreign = [
    'by-hand',
    'syncoid_forge_2026-01-01:00:00:00',
    'autosnap_2026-01-01_00:00:00_hourly',
    'holdfast-run',
  ].map((name, index) => snapshot({ name, createtxg: index + 1 }));
  const all = [...foreign, snapshot({ createtxg: 9 })];
  assert.deepEqual(decidePrune(keeping({ hourly: 0, daily: 1 }), all, scene()), []);
  assert.deepEqual(gone(keeping({ daily: 1 }), all, { adopt: 'sanoid' }), ['3']);
});

test('the order is that of transaction groups: a snapshot dated in the future counts as old as it is, and stays until that time has come', () => {
  const ahead = taken('hourly', (NOW + 1000 * HOUR) as Instant, { createtxg: 1 });
  const since = [3, 2, 1].map((hour, index) => taken('hourly', ago(hour), { createtxg: index + 2 }));
  const entries = decidePrune(keeping({ hourly: 2 }), [ahead, ...since], scene());
  assert.deepEqual(
    entries.map(({ stays }) => stays),
    ['young', null, 'counted', 'counted'],
  );
});

const snapshots = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...SNAPSHOT_KINDS),
      age: fc.integer({ min: -100, max: 24 * 900 }),
      holds: fc.constantFrom(0, 0, 0, 1),
      foreign: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((all) =>
    all.map(({ kind, age, holds, foreign }, index) => {
      const one = taken(kind, ago(age), { createtxg: index + 1, holds });
      return foreign ? { ...one, properties: {} } : one;
    }),
  );
const counts = fc.record(Object.fromEntries(SNAPSHOT_KINDS.map((kind) => [kind, fc.integer({ min: 0, max: 5 })])));

test('whatever there is, what goes is ours, is old enough, is not counted, held or the newest', () => {
  fc.assert(
    fc.property(snapshots, counts, (all, keep) => {
      const policy = keeping(keep);
      const entries = decidePrune(policy, all, scene());
      const going = entries.filter(({ stays }) => stays === null);
      for (const { snapshot: one, kind } of going) {
        assert.equal(kindOf(one, 'beside'), kind);
        assert.ok(NOW - one.creation > PERIOD[kind] * policy.keep[kind]);
        assert.equal(one.holds, 0);
        assert.notEqual(one, all.at(-1));
      }
      for (const kind of SNAPSHOT_KINDS) {
        const left = entries.filter((entry) => entry.kind === kind && entry.stays !== null).length;
        const had = entries.filter((entry) => entry.kind === kind).length;
        assert.ok(left >= Math.min(had, policy.keep[kind]));
      }
      const after = all.filter((one) => !going.some(({ snapshot: each }) => each === one));
      assert.deepEqual(gone(policy, after), [], 'and done again, nothing more goes');
    }),
    { numRuns: 1000, seed: 9 },
  );
});
