import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barmanRuns } from '../support/barman-run.ts';

test('a place that does not answer is told as that, and one that was emptied is not begun anew', async (t) => {
  const { host, scene, run } = await barmanRuns(t);
  assert.equal((await run()).code, 0);
  host.services['db'] = { postgres: scene.section({ endpointUrl: 'http://127.0.0.1:1' }) };
  const silent = await run();
  assert.deepEqual([silent.code === 0, silent.step.error?.code], [false, 'repository-unreachable']);
  host.services['db'] = { postgres: scene.section() };
  scene.empty();
  const emptied = await run();
  assert.equal(emptied.step.error?.code, 'refused', JSON.stringify(emptied.step));
  assert.match(emptied.step.error?.message ?? '', /went to s3:\/\/backups\/pg\/main, and nothing is there now/);
});
