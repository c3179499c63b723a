// A state directory that cannot be used, is taken away or is damaged, and a clock that goes backwards.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { loadConfiguration } from '../../src/config/load.ts';
import { duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import type { Report } from '../../src/domain/report.ts';
import { EFFECT_KINDS } from '../../src/engine/effect-kinds.ts';
import { planRun } from '../../src/engine/backup/plan-run.ts';
import { runPlan } from '../../src/engine/runner/runner.ts';
import { toolboxFor } from '../../src/engine/toolbox.ts';
import { fileLockBroker } from '../../src/repositories/broker.ts';
import {
  asOrdinaryUser,
  listFiles,
  NOBODY,
  PATH,
  type ScratchHost,
  scratchHost,
  stepOf,
  withTmpfs,
} from '../support/cli.ts';

function hostWith(t: TestContext): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('app');
  return host;
}

test('a state directory that cannot be written ends the command before anything is done, with the way on', async (t) => {
  const host = hostWith(t);
  mkdirSync(host.stateDir);
  host.giveTo(NOBODY);
  chmodSync(host.stateDir, 0o500);
  const { code, stdout, stderr } = await host.run(['run'], { under: asOrdinaryUser() });
  chmodSync(host.stateDir, 0o700);
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(
    stderr,
    /^error: could not use the journal \S*\/journal\.db: this user may not .*\/state\nhint: chmod u\+rwX \S*\/state\n/,
  );
  assert.deepEqual(readdirSync(host.path('near/snapshots')), []);
});

test('a state directory that is deleted during a run is told, and the next run starts anew', async (t) => {
  const host = hostWith(t);
  const remove = host.script('remove', `rm -rf ${host.stateDir}`);
  host.services['app'] = { backup: { paths: [host.path('data/app')], hooks: { after: [[remove]] } } };
  const { code, stderr } = await host.run(['run']);
  assert.equal(code, 2);
  assert.match(
    stderr,
    /error: could not use the journal .*: nothing can be recorded there: .* was deleted or replaced while it was in use/,
  );
  host.services['app'] = { backup: { paths: [host.path('data/app')] } };
  const next = await host.backUp();
  assert.equal(next.code, 0, next.stderr);
  assert.equal((await host.snapshots('near')).length, 2);
  assert.deepEqual(host.leftovers(), []);
});

test('a journal that is garbage is moved aside, that is said, and the backup is made', async (t) => {
  const host = hostWith(t);
  await host.backUp();
  writeFileSync(join(host.stateDir, 'journal.db'), 'garbage'.repeat(10_000));
  const { code, report, stderr } = await host.backUp();
  assert.equal(code, 0);
  assert.match(
    stderr,
    /warning: the journal was damaged and is now .*journal\.db\.damaged-.*; history starts anew, backups are not affected/,
  );
  assert.match(report.warnings.join(), /the journal was damaged/);
  assert.equal(listFiles(host.stateDir).filter((name) => /^journal\.db\.damaged-[-0-9TZ]+$/.test(name)).length, 1);
  assert.equal((await host.snapshots('near')).length, 2);
  assert.deepEqual((await host.backUp()).report.warnings, []);
});

test('a full disk under the spool fails the job with the database, and the other jobs go on', async (t) => {
  const host = hostWith(t);
  const file = host.path('data/app/app.db');
  {
    using db = new DatabaseSync(file);
    db.exec('CREATE TABLE a (filler BLOB)');
    const add = db.prepare('INSERT INTO a VALUES (zeroblob(8000000))');
    add.run();
  }
  host.services['app'] = { backup: { paths: [host.path('data/app')], databases: [{ type: 'sqlite', path: file }] } };
  host.addService('plain');
  mkdirSync(join(host.stateDir, 'spool'), { recursive: true });
  const { code, report } = await host.backUp([], { under: withTmpfs(join(host.stateDir, 'spool'), '2m') });
  const step = stepOf(report, 'backup:app@near');
  assert.deepEqual([code, step.outcome, step.error?.code], [1, 'failed', 'no-space']);
  assert.match(step.error?.message ?? '', /^its copy needs 7\.6\d MiB, the spool has .* left$/);
  assert.match(step.error?.hint ?? '', /Free space in the state directory/);
  assert.equal(stepOf(report, 'backup:plain@near').outcome, 'succeeded');
});

test('a full disk under the journal is told as one, and no success is claimed', async (t) => {
  const host = hostWith(t);
  mkdirSync(host.stateDir);
  const fill = host.script('fill', `head -c 100000000 /dev/zero > ${host.stateDir}/filler; exit 0`);
  host.services['app'] = { backup: { paths: [host.path('data/app')], hooks: { after: [[fill]] } } };
  const { code, stdout, stderr } = await host.run(['run'], { under: withTmpfs(host.stateDir, '2m') });
  assert.deepEqual([code, stdout], [2, '']);
  assert.match(
    stderr,
    /error: could not use the journal .*hint: Make the state directory writable for this user \(and not full\)/s,
  );
});

test('when the clock is set back an hour, runs stay in their order and both copies are known', async (t) => {
  const host = hostWith(t);
  await host.run(['config', 'check']);
  process.env['PATH'] = PATH;
  const configuration = await loadConfiguration({ file: host.path('holdfast.yaml'), cwd: host.root, env: {}, isRoot: true });
  const runAt = async (hours: number): Promise<Report> => {
    using journal = host.journal();
    return await runPlan(planRun(configuration, { services: [] }, toolboxFor(configuration, journal)), {
      journal,
      broker: fileLockBroker(host.stateDir),
      clock: { now: () => (Date.now() + hours * duration(1, 'h')) as Instant },
      kinds: EFFECT_KINDS,
      signal: t.signal,
      lockWait: duration(1, 'm'),
    });
  };
  const first = await runAt(0);
  const second = await runAt(-1);
  assert.deepEqual([first.outcome, second.outcome], ['succeeded', 'succeeded']);
  assert.ok(second.id > first.id, 'the later run has the earlier id');
  assert.ok((stepOf(second, 'backup:app@near').durationSeconds ?? -1) >= 0);
  using journal = host.journal();
  assert.deepEqual(
    journal.runs({ limit: 2 }).map((run) => run.id),
    [second.id, first.id],
  );
  assert.equal(journal.latestStep('backup:app@near')?.runId, second.id);
  assert.equal(journal.evidence({ service: 'app', kind: 'backup', limit: 5 }).length, 2);
  assert.deepEqual(host.leftovers(), []);
});

test('the id that a run was promised is its own; one that was used, or is none, is refused before anything is done', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('app');
  const env = { HOLDFAST_RUN_ID: '01KAMZ3V5M6Z4X3Q0N2R7P8S9T' };
  assert.equal((await host.backUp([], { env })).report.id, env.HOLDFAST_RUN_ID);
  const again = await host.run(['run'], { env });
  assert.deepEqual([again.code, /HOLDFAST_RUN_ID: there is a run of that id/.test(again.stderr)], [64, true], again.stderr);
  const wrong = await host.run(['run'], { env: { HOLDFAST_RUN_ID: 'mine' } });
  assert.deepEqual([wrong.code, /HOLDFAST_RUN_ID: it is no id of a run/.test(wrong.stderr)], [64, true], wrong.stderr);
  assert.equal((await host.snapshots('near')).length, 1);
});
