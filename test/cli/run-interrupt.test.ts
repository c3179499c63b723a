// SIGINT and SIGTERM in each phase of a run: it stops, cleans up, says so by its exit code, and the next run succeeds.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { appears } from '../support/appears.ts';
import { listFiles, type ScratchHost, scratchHost, type StartOptions, stepOf } from '../support/cli.ts';

interface Phase {
  readonly name: string;
  /** Makes the run stay in the phase. */
  prepare(host: ScratchHost): StartOptions;
  /** When the phase is reached. */
  reached(host: ScratchHost): Promise<void>;
}

const backupOf = (host: ScratchHost): Record<string, unknown> => ({ paths: [host.path('data/app')] });
const hanging = (host: ScratchHost): string =>
  host.script('hang', `echo $$ > ${host.path('marks/hanging')}; exec sleep 600`);
const marked = (host: ScratchHost): Promise<void> =>
  appears(host.path('marks'), () => existsSync(host.path('marks/hanging')));

const PHASES: readonly Phase[] = [
  {
    name: 'while restic is looked at',
    prepare: (host) => ({ env: { HOLDFAST_RESTIC: hanging(host) } }),
    reached: marked,
  },
  {
    name: 'during a before hook',
    prepare(host) {
      host.services['app'] = { backup: { ...backupOf(host), hooks: { before: [[hanging(host)]] } } };
      return {};
    },
    reached: marked,
  },
  {
    name: 'while a database is copied into the spool',
    prepare(host) {
      const path = host.path('data/app/app.db');
      host.services['app'] = { backup: { ...backupOf(host), databases: [{ type: 'sqlite', path }] } };
      return {};
    },
    reached: (host) => appears(join(host.stateDir, 'spool'), () => listFiles(join(host.stateDir, 'spool')).length > 0),
  },
  {
    name: 'while restic reads',
    prepare(host) {
      host.repositories['near'] = { ...host.repositories['near'], limits: { upload: '1MiB/s' } };
      return {};
    },
    reached: (host) => appears(host.path('near/locks'), () => host.locks('near').some((name) => name.length === 64)),
  },
];

function hostWith(t: TestContext): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  const directory = host.addService('app', { 'a.txt': 'a', noise: randomBytes(20_000_000) });
  using db = new DatabaseSync(join(directory, 'app.db'));
  db.exec('CREATE TABLE a (filler BLOB); INSERT INTO a VALUES (randomblob(20000000))');
  mkdirSync(host.path('marks'));
  return host;
}

async function assertClean(host: ScratchHost): Promise<void> {
  assert.deepEqual(host.leftovers(), []);
  assert.deepEqual(host.locks('near'), [], "restic's lock is left");
  assert.deepEqual(host.processes(), []);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  for (const phase of PHASES) {
    test(`${signal} ${phase.name} ends the run with ${code}, cleaned up`, async (t) => {
      const host = hostWith(t);
      const options = phase.prepare(host);
      const reached = phase.reached(host);
      const started = host.start(['--json', 'run'], options);
      await reached;
      started.child.kill(signal);
      const ended = await started.ended;
      assert.equal(ended.code, code, ended.stderr);
      const report = JSON.parse(ended.stdout) as Report;
      assert.deepEqual([report.outcome, report.exitCode], ['interrupted', code]);
      const step = stepOf(report, 'backup:app@near');
      assert.deepEqual([step.outcome, step.error?.message], ['interrupted', `interrupted by ${signal}`]);
      await assertClean(host);
      assert.deepEqual(await host.snapshots('near'), []);
      if (signal === 'SIGTERM') return;
      host.services['app'] = { backup: backupOf(host) };
      host.repositories['near'] = { url: host.path('near'), passwordFile: host.path('password') };
      assert.equal((await host.backUp()).code, 0);
    });
  }
}

test('an after hook is finished although the run was told to stop, and its snapshot is not lost', async (t) => {
  const host = hostWith(t);
  const go = host.path('go');
  const hook = host.script(
    'hook',
    `echo $$ > ${host.path('marks/hanging')}; until [ -e ${go} ]; do sleep 0.05; done; touch ${host.path('finished')}`,
  );
  host.services['app'] = { backup: { ...backupOf(host), hooks: { after: [[hook]] } } };
  const started = host.start(['--json', 'run']);
  await marked(host);
  started.child.kill('SIGINT');
  await started.said(/^SIGINT: stopping and cleaning up$/m);
  started.child.kill('SIGINT');
  await started.said(/still cleaning up; please wait/);
  writeFileSync(go, '');
  const ended = await started.ended;
  assert.equal(ended.code, 130, ended.stderr);
  assert.ok(existsSync(host.path('finished')));
  const [snapshot] = await host.snapshots('near');
  const report = JSON.parse(ended.stdout) as Report;
  assert.deepEqual([report.outcome, stepOf(report, 'backup:app@near').outcome], ['interrupted', 'succeeded']);
  assert.equal(stepOf(report, 'backup:app@near').result?.['snapshotId'], snapshot?.id);
  using journal = host.journal();
  assert.equal(journal.evidence({ service: 'app', kind: 'backup', complete: true, limit: 1 })[0]?.snapshotId, snapshot?.id);
  await assertClean(host);
});

test('a run that waits for its turn is stopped as well', async (t) => {
  const host = hostWith(t);
  const other = host.addService('other');
  const hooks = { before: [[hanging(host)]] };
  host.services['app'] = { backup: { ...backupOf(host), hooks } };
  host.services['other'] = { backup: { paths: [other], hooks } };
  const started = host.start(['--json', 'run']);
  await marked(host);
  started.child.kill('SIGTERM');
  const { code, stdout } = await started.ended;
  const report = JSON.parse(stdout) as Report;
  assert.equal(code, 143);
  const jobs = ['backup:app@near', 'backup:other@near'].map((id) => stepOf(report, id));
  assert.deepEqual(
    jobs.map(({ outcome }) => outcome),
    ['interrupted', 'interrupted'],
  );
  assert.equal(jobs.filter(({ startedAt }) => startedAt === null).length, 1, 'one has the turn, the other waits');
  await assertClean(host);
});
