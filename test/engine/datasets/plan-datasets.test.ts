// In which order datasets are made: one that is mounted later must never hide one that is there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DatasetDecision } from '../../../src/domain/dataset-decision.ts';
import { planDatasets } from '../../../src/engine/datasets/plan-datasets.ts';

const created = (dataset: string, mountpoint: string | null): DatasetDecision => ({
  dataset,
  service: null,
  mountpoint,
  changes: [{ kind: 'create', properties: {} }],
  obstacles: [],
});
const order = (...decisions: DatasetDecision[]): [string, readonly string[]][] =>
  planDatasets('forge', [], decisions, []).steps.map(({ id, needs = [] }) => [id, needs]);

test('what is mounted below another is made after it, whatever their names are', () => {
  assert.deepEqual(order(created('tank/aaa', '/srv/zzz/sub'), created('tank/zzz', '/srv/zzz')), [
    ['dataset:tank/zzz', []],
    ['dataset:tank/aaa', ['dataset:tank/zzz']],
  ]);
});

test('what is above by its name is made first, also where it is mounted below', () => {
  assert.deepEqual(order(created('tank/a', '/srv/a/b'), created('tank/a/b', '/srv/a')), [
    ['dataset:tank/a', []],
    ['dataset:tank/a/b', ['dataset:tank/a']],
  ]);
});

test('names and mountpoints that go round in a circle still have an order in which each waits only for what came before', () => {
  const steps = order(
    created('tank/a', '/srv/c/a'),
    created('tank/d', '/srv/c/a/d'),
    created('tank/d/c', '/srv/c'),
    created('tank/holder', null),
  );
  assert.equal(steps.length, 4);
  for (const [index, [, needs]] of steps.entries()) {
    const before = new Set(steps.slice(0, index).map(([id]) => id));
    assert.deepEqual(
      needs.filter((need) => !before.has(need)),
      [],
    );
  }
});
