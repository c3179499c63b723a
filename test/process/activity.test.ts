import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { Activity } from '../../src/process/activity.ts';
import { runProcess } from '../../src/process/run-process.ts';

const { signal } = new AbortController();
const command = (script: string): Parameters<typeof runProcess>[0] => ({
  argv: ['sh', '-c', script],
  operation: 'try',
  subject: 'it',
});
const idle = { limit: duration(600, 'ms') };
/** Where something is done, on a machine that is busy with other things. */
const patient = { limit: duration(2, 's') };

test('a command that does nothing is ended, with what it waits for; one that works or says something may take any time', async () => {
  await assert.rejects(runProcess(command('echo began >&2; sleep 60; :'), { signal, idle }), (error) => {
    assert.ok(error instanceof HoldfastError);
    assert.deepEqual([error.code, error.message], ['timed-out', 'did nothing for 600ms']);
    assert.deepEqual(error.tool?.stderrTail, ['began']);
    return true;
  });
  const busy = 'end=$(($(date +%s%N) + 5000000000)); sh -c "while [ \\$(date +%s%N) -lt $end ]; do :; done"; echo done';
  assert.equal((await runProcess(command(busy), { signal, idle: patient })).stdout, 'done\n');
  const talking = 'for each in 1 2 3 4 5; do echo $each >&2; sleep 0.6; done';
  assert.equal((await runProcess(command(talking), { signal, idle: patient })).exitCode, 0);
});

test('what a server does that is waited for counts, and what is ready may be idle', async () => {
  const also = [process.pid];
  const work = setInterval(() => {
    const end = performance.now() + 60;
    while (performance.now() < end);
  }, 100);
  using _work = { [Symbol.dispose]: () => clearInterval(work) };
  assert.equal((await runProcess(command('sleep 5'), { signal, idle: { ...patient, also } })).exitCode, 0);
  const until = Promise.resolve();
  assert.equal((await runProcess(command('sleep 1.2'), { signal, idle: { ...idle, until } })).exitCode, 0);
});

test('a little now and then is no work: a server that waits does that, too', () => {
  let time = 0;
  const activity = new Activity(() => time, 0);
  time = 9;
  assert.equal(activity.idle(1000), 1000);
  time = 10;
  assert.equal(activity.idle(2000), 0);
  time = 3; // one of them has ended
  assert.equal(activity.idle(3000), 0);
});
