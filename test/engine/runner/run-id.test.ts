import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../../src/domain/instant.ts';
import { nextRunId, RUN_ID, RUN_ID_VARIABLE, takeRunId } from '../../../src/engine/runner/run-id.ts';

const ID = '01KAMZ3V5M6Z4X3Q0N2R7P8S9T';

test('the id that the environment says is taken once, for a child is no part of that run', () => {
  const env = { [RUN_ID_VARIABLE]: ID };
  assert.equal(takeRunId(env), ID);
  assert.deepEqual(env, {});
  assert.equal(takeRunId(env), undefined);
  assert.equal(takeRunId({ [RUN_ID_VARIABLE]: '' }), undefined);
});

test('what is no id of a run is refused, and taken away all the same', () => {
  for (const text of ['x', `${ID} `, ID.toLowerCase(), `8${ID.slice(1)}`, `../${ID}`, ID.slice(1)]) {
    const env = { [RUN_ID_VARIABLE]: text };
    assert.throws(() => takeRunId(env), { code: 'usage', message: /HOLDFAST_RUN_ID: it is no id of a run/ });
    assert.deepEqual(env, {});
  }
});

test('a new id sorts after the newest one, also when the clock was set back', () => {
  const id = nextRunId({ newestRunId: () => ID }, 0 as Instant);
  assert.match(id, RUN_ID);
  assert.ok(id > ID);
});
