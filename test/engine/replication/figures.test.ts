// How far replicas are behind, from the record to the metric.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import { lagEvidence, type ReplicaLag } from '../../../src/domain/replication-lag.ts';
import { replicaFigures } from '../../../src/engine/replication/figures.ts';
import { METRICS } from '../support/host.ts';

const HOUR = duration(1, 'h');
const NOW = (100 * HOUR) as Instant;
const ago = (hours: number): Instant => (NOW - hours * HOUR) as Instant;
const target = {
  name: 'nas',
  destination: 'b@nas:t/x',
  datasets: ['tank/a', 'tank/new'],
  exclude: ['tank/a/scratch'],
  frequency: 'hourly',
  raw: true,
  maxLag: duration(6, 'h'),
  concurrency: 2,
  limit: null,
  keep: null,
};
const lag = (dataset: string, hours: number | null): ReplicaLag => ({
  dataset,
  lag: hours === null ? null : duration(hours, 'h'),
  commonAt: ago(10),
  commonGuid: '7',
  newestAt: ago(9),
});

const figuresAt = (lookedAt: Instant, ...lags: ReplicaLag[]) => {
  const evidence = [{ ...lagEvidence({ target: 'nas', answered: true, all: true, lags }, lookedAt), runId: 'R' }];
  return replicaFigures(
    { replication: { snapshots: { adopt: 'beside', datasets: [] }, targets: [target] }, metrics: METRICS },
    { evidence: () => evidence },
    NOW,
  ).map(({ dataset, lagSeconds, maxLagSeconds }) => [dataset, lagSeconds, maxLagSeconds]);
};

test('what was measured is told; what never was is unknown; what is left out, or no longer declared, is not told', () => {
  assert.deepEqual(figuresAt(ago(1), lag('tank/a', 1), lag('tank/a/b', null), lag('tank/a/scratch', 0), lag('other', 0)), [
    ['tank/a', 3600, 21_600],
    ['tank/a/b', null, 21_600],
    ['tank/new', null, 21_600],
  ]);
});

test('silence makes it worse, never better', () => {
  assert.deepEqual(figuresAt(ago(5), lag('tank/a', 0))[0], ['tank/a', 36_000, 21_600]);
});
