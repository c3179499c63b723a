// What is said of how far the replicas of a target are behind.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import type { ReplicaLag } from '../../../src/domain/replication-lag.ts';
import { judged } from '../../../src/engine/replication/lag-step.ts';

const MOST = duration(12, 'h');
const replica = (dataset: string, hours: number | null): ReplicaLag => ({
  dataset,
  lag: hours === null ? null : duration(hours, 'h'),
  commonAt: null,
  commonGuid: null,
  newestAt: 1 as Instant,
});

test('a target is late where some of its replicas are, and has failed where there is none of anything', () => {
  const outcome = (...hours: (number | null)[]): string =>
    judged(
      hours.map((each, index) => replica(`tank/${index}`, each)),
      'nas',
      MOST,
    ).outcome;
  assert.deepEqual(
    [outcome(), outcome(0, 11), outcome(0, 13), outcome(0, null), outcome(13), outcome(null), outcome(null, null)],
    ['succeeded', 'succeeded', 'partial', 'partial', 'partial', 'failed', 'failed'],
  );
});
