// How old snapshots are is told from what the last look found, for whatever is still declared.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatInstant, type Instant } from '../../../src/domain/instant.ts';
import { snapshotFigures } from '../../../src/engine/snapshot-policy/figures.ts';
import { keeping } from '../../domain/support/policy-snapshots.ts';

const AT = Date.parse('2026-11-22T08:00Z') as Instant;
const HOUR = 3600;

test('each dataset has its newest, or none; a weekly policy has more time, and what is not declared any more is not told', () => {
  const result = { newest: { 'tank/a': formatInstant(AT), 'tank/b': null, 'tank/gone': formatInstant(AT) } };
  const asked: string[] = [];
  const found = snapshotFigures(
    {
      adopt: 'beside',
      datasets: [
        { ...keeping({ hourly: 4, daily: 2 }), dataset: 'tank/a' },
        { ...keeping({ weekly: 4, yearly: 1 }), dataset: 'tank/b' },
        { ...keeping({ daily: 1 }), dataset: 'shelf' },
      ],
    },
    {
      latestSteps(ids) {
        asked.push(...ids);
        const end = { runId: '1', outcome: 'succeeded', reason: null, error: null, startedAt: AT, endedAt: AT } as const;
        return [{ ...end, result }, null];
      },
    },
  );
  assert.deepEqual(asked, ['snapshot-take:tank', 'snapshot-take:shelf']);
  assert.deepEqual(found, [
    { dataset: 'tank/a', newestAt: AT, maxAgeSeconds: 48 * HOUR },
    { dataset: 'tank/b', newestAt: null, maxAgeSeconds: (7 * 24 + 48) * HOUR },
  ]);
});
