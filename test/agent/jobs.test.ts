import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Jobs } from '../../src/agent/jobs.ts';

const { signal } = new AbortController();

test('a child is told the id of its run, and the state directory for when the configuration cannot say it', async () => {
  const script = 'echo "$HOLDFAST_RUN_ID $HOLDFAST_LAST_STATE_DIR $*" >&2; exit 3';
  const jobs = new Jobs(['sh', '-c', script, 'sh'], '/srv/state', signal);
  const end = await jobs.run({ argv: ['notify', 'flush'], subject: 'notify', runId: 'ID' });
  assert.deepEqual(end, { exitCode: 3, lastWords: ['ID /srv/state --quiet notify flush'] });
});

test('what runs is told to stop with the agent, and nothing is left when that is settled', async () => {
  const stop = new AbortController();
  const jobs = new Jobs(['sh', '-c', 'exec sleep 600'], '/srv/state', stop.signal);
  const reason = new Error('the agent ends');
  const running = jobs.run({ argv: ['run'], subject: 'app' });
  assert.equal(jobs.running, 1);
  stop.abort(reason);
  await jobs.settled();
  await assert.rejects(running);
  assert.equal(jobs.running, 0);
});
