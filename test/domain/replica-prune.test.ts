// Where a replica is, and which copies may go from it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../src/domain/instant.ts';
import { prunable } from '../../src/domain/replica-prune.ts';
import { isWithin, placeOf, replicaOf } from '../../src/domain/replication-names.ts';
import type { ZfsSnapshot } from '../../src/domain/zfs-snapshot.ts';

const KEEP = { frequently: 0, hourly: 2, daily: 0, weekly: 0, monthly: 0, yearly: 0 };
const NOW = Date.parse('2026-03-01T00:00:00Z') as Instant;
const copy = (name: string, index: number, changes: Partial<ZfsSnapshot> = {}): ZfsSnapshot => ({
  dataset: 'vault/a',
  name,
  guid: String(index),
  createtxg: index,
  creation: (NOW - (100 - index) * 3_600_000) as Instant,
  holds: 0,
  properties: {},
  ...changes,
});

test('a replica has the name of its dataset without the pool; a colon in a name is no machine', () => {
  assert.deepEqual(placeOf('backup@nas-1:backup/forge'), { host: 'backup@nas-1', dataset: 'backup/forge' });
  assert.deepEqual(placeOf('shelf/for:ge'), { host: null, dataset: 'shelf/for:ge' });
  assert.equal(replicaOf('backup/forge', 'tank/persist/sonarr'), 'backup/forge/persist/sonarr');
  assert.equal(replicaOf('backup/forge', 'tank'), 'backup/forge');
  assert.deepEqual([isWithin('tank/ab', ['tank/a']), isWithin('tank/a/b', ['tank/a'])], [false, true]);
});

test('only copies of the policy go, older than the base, neither held nor cloned; those of others stay', () => {
  const hour = (index: number): string => `holdfast_2026-02-0${index}_00:00:00_hourly`;
  const snapshots = [
    copy(hour(1), 1),
    copy(hour(2), 2, { holds: 1 }),
    copy(hour(3), 3, { properties: { clones: 'vault/clone' } }),
    copy('mine', 4),
    copy('autosnap_2026-02-04_00:00:00_hourly', 5),
    copy(hour(5), 6),
    copy(hour(6), 7),
    copy(hour(7), 8),
    copy(hour(8), 9),
  ];
  const names = (base: ZfsSnapshot | undefined, adopt: 'beside' | 'sanoid'): string[] => {
    assert.ok(base);
    return prunable(snapshots, base, { keep: KEEP, adopt, now: NOW }).map(({ name }) => name);
  };
  assert.deepEqual(names(snapshots.at(-1), 'beside'), [hour(1), hour(5), hour(6)]);
  assert.deepEqual(names(snapshots[6], 'beside'), [hour(1), hour(5)]);
  assert.deepEqual(names(snapshots.at(-1), 'sanoid'), [hour(1), 'autosnap_2026-02-04_00:00:00_hourly', hour(5), hour(6)]);
});
