// Hooks around a backup.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { type ScratchHost, scratchHost, type Section, stepOf } from '../support/cli.ts';

const linesOf = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);

/** A service whose hooks write lines to `log`. */
function hooked(t: TestContext): { host: ScratchHost; note: string; log: () => string[]; hooks: (hooks: Section) => void } {
  const host = scratchHost(t);
  host.addRepository('near');
  const directory = host.addService('app', { 'a.txt': 'a' });
  const note = host.script('note', `for word; do echo "$word" >> ${host.path('log')}; done`);
  return {
    host,
    note,
    log: () => linesOf(host.path('log')),
    hooks: (hooks) => {
      host.services['app'] = { backup: { paths: [directory], hooks } };
    },
  };
}

test('hooks run in order around the backup, as argument lists that no shell sees', async (t) => {
  const { host, note, log, hooks } = hooked(t);
  const look = host.script(
    'look',
    `echo "$HOLDFAST_SERVICE has $(ls ${host.path('near/snapshots')} | wc -l)" >> ${host.path('log')}`,
  );
  hooks({
    before: [[note, '$HOME', '*', 'a b; echo c', '`id`'], [look]],
    after: [[look], { command: [note, 'last'], timeout: '1m' }],
  });
  const { code, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  assert.deepEqual(log(), ['$HOME', '*', 'a b; echo c', '`id`', 'app has 0', 'app has 1', 'last']);
});

test('the hooks of a service that goes into two repositories never overlap', async (t) => {
  const { host, note, log, hooks } = hooked(t);
  host.addRepository('far');
  const pause = host.script('pause', 'sleep 0.2'); // long enough for the other job to get in between, if it could
  hooks({ before: [[note, 'stop'], [pause]], after: [[pause], [note, 'start']] });
  const { code, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  assert.deepEqual(log(), ['stop', 'start', 'stop', 'start']);
});

test('a before hook that fails ends its job before anything is read, names itself with its last words, and after hooks run', async (t) => {
  const { host, note, log, hooks } = hooked(t);
  const fail = host.script('fail', 'echo "cannot freeze" >&2; exit 3');
  hooks({ before: [[note, 'one'], [fail], [note, 'never']], after: [[note, 'after']] });
  const { code, report } = await host.backUp();
  const step = stepOf(report, 'backup:app@near');
  assert.deepEqual([code, step.outcome, step.reason], [2, 'failed', `${fail} exited with 3`]);
  assert.partialDeepStrictEqual(step.error, {
    code: 'hook-failed',
    operation: 'run the before hook of',
    subject: 'app',
    tool: { exitCode: 3, stderrTail: ['cannot freeze'] },
  });
  assert.match(step.error?.hint ?? '', /Run it by hand/);
  assert.deepEqual(log(), ['one', 'after']);
  assert.deepEqual(await host.snapshots('near'), []);
  assert.deepEqual(host.leftovers(), []);
});

test('a hook that does not exist fails its job like one that fails', async (t) => {
  const { host, hooks } = hooked(t);
  hooks({ before: [['/nowhere/freeze']] });
  const { code, report } = await host.backUp();
  const step = stepOf(report, 'backup:app@near');
  assert.deepEqual(
    [code, step.error?.code, step.reason],
    [2, 'hook-failed', '/nowhere/freeze does not exist, or is not on PATH'],
  );
});

test('after hooks run also when restic fails', async (t) => {
  const { host, note, log, hooks } = hooked(t);
  hooks({ before: [[note, 'before']], after: [[note, 'after']] });
  host.write('password', 'wrong\n');
  const { code, report } = await host.backUp();
  assert.deepEqual([code, stepOf(report, 'backup:app@near').error?.code], [2, 'wrong-password']);
  assert.deepEqual(log(), ['before', 'after']);
});

test('a hook that hangs is cut off by its own timeout, with everything that it started', async (t) => {
  const { host, note, log, hooks } = hooked(t);
  const hang = host.script('hang', `sleep 600 & echo $! > ${host.path('pid')}; wait`);
  hooks({ before: [{ command: [hang], timeout: '1s' }], after: [[note, 'after']] });
  const before = await host.backUp();
  assert.deepEqual([before.code, stepOf(before.report, 'backup:app@near').reason], [2, `${hang} did not finish within 1s`]);
  assert.equal(stepOf(before.report, 'backup:app@near').error?.code, 'hook-failed');
  assert.deepEqual(log(), ['after']);
  const pid = Number(readFileSync(host.path('pid'), 'utf8'));
  assert.ok(!existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '), 'its child lives on');

  hooks({ after: [{ command: [hang], timeout: '1s' }] });
  const after = await host.backUp();
  const step = stepOf(after.report, 'backup:app@near');
  assert.deepEqual(
    [after.code, step.outcome, step.reason],
    [1, 'partial', `the after hook failed: ${hang} did not finish within 1s`],
  );
});

test('an after hook that fails makes the job partial; its snapshot counts, later hooks run, and it is not run again unasked', async (t) => {
  const { host, note, log, hooks } = hooked(t);
  const fail = host.script('fail', `echo fail >> ${host.path('log')}; exit 1`);
  hooks({ after: [[fail], [note, 'later']] });
  const { code, report } = await host.backUp();
  const step = stepOf(report, 'backup:app@near');
  assert.deepEqual([code, step.outcome, step.reason], [1, 'partial', `the after hook failed: ${fail} exited with 1`]);
  const [snapshot] = await host.snapshots('near');
  assert.equal(step.result?.['snapshotId'], snapshot?.id);
  {
    using journal = host.journal();
    const [evidence] = journal.evidence({ service: 'app', kind: 'backup', limit: 1 });
    assert.deepEqual([evidence?.snapshotId, evidence?.complete], [snapshot?.id, true]);
  }
  assert.deepEqual(log(), ['fail', 'later']);
  assert.deepEqual(host.leftovers(), []);
  hooks({});
  const next = await host.backUp();
  assert.deepEqual([next.code, next.report.warnings], [0, []]);
  assert.deepEqual(log(), ['fail', 'later']);
});

test('after a SIGKILL the after hooks run at the next start, once', async (t) => {
  const { host, note, log, hooks } = hooked(t);
  const hold = host.script('hold', 'echo holding >&2; exec sleep 600');
  writeFileSync(host.path('log'), '');
  hooks({ before: [[note, 'before'], [host.script('hang', `${note} hanging; exec ${hold}`)]], after: [[note, 'after']] });
  const hanging = new Promise<void>((done) => {
    const watcher = watch(host.path('log'), () => {
      if (!log().includes('hanging')) return;
      watcher.close();
      done();
    });
  });
  const started = host.start(['run']);
  await hanging;
  started.child.kill('SIGKILL');
  await started.ended;
  assert.deepEqual(log(), ['before', 'hanging']);
  hooks({});
  const { code, report, stderr } = await host.backUp();
  assert.equal(code, 0);
  assert.deepEqual(log(), ['before', 'hanging', 'after']);
  assert.match(report.warnings.join('\n'), /^cleaned up after run 01\w+, which died .*: after hooks/);
  assert.match(stderr, /warning: cleaned up/);
  await host.backUp();
  assert.deepEqual(log(), ['before', 'hanging', 'after']);
  assert.deepEqual(host.leftovers(), []);
});

test('what a hook prints of the secrets of its repository is masked wherever it is kept', async (t) => {
  const { host, hooks } = hooked(t);
  const secrets = ['correct horse', 'storage=secret', 'spoken twice'];
  const environmentFile = host.write(
    'environment',
    `A_KEY=${secrets[1]}\n# about it\nexport ANOTHER="${secrets[2]}"\n`,
    0o600,
  );
  host.repositories['near'] = { ...host.repositories['near'], environmentFile };
  const tell = host.script('tell', `cat ${host.path('password')} ${environmentFile} >&2; echo "plain words" >&2; exit 1`);
  for (const when of ['before', 'after']) {
    hooks({ [when]: [[tell]] });
    const { stdout, stderr } = await host.backUp();
    const human = await host.run(['run', '--verbose']);
    const kept = readdirSync(host.stateDir, { recursive: true, encoding: 'utf8' })
      .map((name) => host.path('state', name))
      .filter((file) => statSync(file).isFile())
      .map((file) => readFileSync(file, 'latin1'));
    const everything = [stdout, stderr, human.stdout, human.stderr, ...kept].join('\n');
    for (const secret of secrets) assert.ok(!everything.includes(secret), `${when}: ${secret} is told`);
    if (when === 'before') assert.match(stdout, /plain words/);
  }
});

test('a hook inherits the environment without what opens repositories', async (t) => {
  const { host, hooks, log } = hooked(t);
  const look = host.script('look', `env | grep -E '^(RESTIC|AWS|MINE)' | sort >> ${host.path('log')}`);
  hooks({ before: [[look]], after: [[look]] });
  const away = {
    RESTIC_PASSWORD: 'x',
    RESTIC_REPOSITORY_FILE: '/x',
    RESTIC_FROM_REPOSITORY: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
  };
  const { code, stderr } = await host.backUp([], {
    env: { ...away, MINE: '1', RESTIC_COMPRESSION: 'off', AWS_REGION: 'eu' },
  });
  assert.equal(code, 0, stderr);
  const kept = ['AWS_REGION=eu', 'MINE=1', 'RESTIC_COMPRESSION=off'];
  assert.deepEqual(log(), [...kept, ...kept]);
});
