// How far replicas are behind: put on record, read back, and never better than what was seen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { estimated, knownLags, lagEvidence, lagNow, type ReplicaLag } from '../../src/domain/replication-lag.ts';

const minute = (count: number): Instant => (count * 60_000) as Instant;
const lag = (dataset: string, minutes: number | null): ReplicaLag => ({
  dataset,
  lag: minutes === null ? null : duration(minutes, 'm'),
  commonAt: minutes === null ? null : minute(10),
  commonGuid: minutes === null ? null : '7',
  newestAt: minute(10 + (minutes ?? 0)),
});
const record = (at: number, all: boolean, ...lags: ReplicaLag[]) =>
  lagEvidence({ target: 'nas', answered: true, all, lags }, minute(at));

test('of each dataset the newest measurement counts, and one that is no longer there is forgotten', () => {
  const evidence = [
    record(50, false, lag('tank/a', 3)),
    record(40, true, lag('tank/a', 5), lag('tank/b', 6)),
    record(30, true, lag('tank/a', 1), lag('tank/gone', 2)),
  ];
  assert.deepEqual(
    knownLags(evidence).map((each) => [each.dataset, each.lag, each.lookedAt]),
    [
      ['tank/a', duration(3, 'm'), minute(50)],
      ['tank/b', duration(6, 'm'), minute(40)],
    ],
  );
});

test('evidence is complete only where everything is known', () => {
  assert.equal(record(1, true, lag('tank/a', 0)).complete, true);
  assert.equal(record(1, true, lag('tank/a', 0), lag('tank/b', null)).complete, false);
  assert.equal(
    lagEvidence({ target: 'nas', answered: false, all: true, lags: [lag('tank/a', 0)] }, minute(1)).complete,
    false,
  );
});

test('a measurement that is old is no longer trusted: then everything since the common snapshot may be missing', () => {
  const [known] = knownLags([record(20, true, lag('tank/a', 5))]);
  assert.ok(known);
  const patience = duration(60, 'm');
  assert.equal(lagNow(known, patience, minute(60)), duration(5, 'm'));
  assert.equal(lagNow(known, patience, minute(100)), duration(90, 'm'));
  assert.equal(lagNow(known, patience, minute(5)), null, 'from the future, with a snapshot from the future');
  assert.equal(lagNow({ ...known, lag: null }, patience, minute(60)), null);
});

test('where the replica does not answer, the lag grows with what the source takes', () => {
  const snapshot = (guid: string, at: number) => ({
    dataset: 'tank/a',
    name: `s${guid}`,
    guid,
    createtxg: Number(guid),
    creation: minute(at),
    holds: 0,
    properties: {},
  });
  const source = { dataset: 'tank/a', snapshots: [snapshot('7', 10)], bookmarks: [], encrypted: false, readable: true };
  assert.equal(estimated(source, lag('tank/a', 0)).lag, 0);
  const more = { ...source, snapshots: [snapshot('7', 10), snapshot('8', 70)] };
  assert.equal(estimated(more, lag('tank/a', 0)).lag, duration(60, 'm'));
  assert.equal(estimated(more, undefined).lag, null);
  assert.equal(estimated({ ...source, snapshots: [] }, lag('tank/a', 0)).lag, null);
});
