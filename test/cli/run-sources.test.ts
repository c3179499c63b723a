// Sources that are not what they were declared to be: nothing incomplete is ever green, and the last success stays.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { StepReport } from '../../src/domain/report.ts';
import type { RecordedEvidence } from '../../src/journal/journal.ts';
import { asOrdinaryUser, NOBODY, type ScratchHost, scratchHost, type StartOptions, stepOf } from '../support/cli.ts';

function hostWith(t: TestContext): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('app', { 'a.txt': 'a', 'b.txt': 'b' });
  return host;
}

const appStep = async (host: ScratchHost, options: StartOptions = {}): Promise<StepReport & { exit: number | null }> => {
  const { code, report } = await host.backUp([], options);
  assert.deepEqual(host.leftovers(), []);
  return { ...stepOf(report, 'backup:app@near'), exit: code };
};

const evidenceOf = (host: ScratchHost, complete: boolean): readonly RecordedEvidence[] => {
  using journal = host.journal();
  return journal.evidence({ service: 'app', kind: 'backup', complete, limit: 10 });
};

test('a file that cannot be read makes the job partial; its snapshot is no success, and the last success stays', async (t) => {
  const host = hostWith(t);
  host.giveTo(NOBODY);
  const under = asOrdinaryUser();
  const good = await appStep(host, { under });
  assert.equal(good.exit, 0);
  const secret = host.path('data/app/b.txt');
  if (under.length > 0) execFileSync('chown', ['root:root', secret]);
  chmodSync(secret, 0o600 & (under.length > 0 ? 0o600 : 0));
  const partial = await appStep(host, { under });
  assert.deepEqual([partial.exit, partial.outcome], [1, 'partial']);
  assert.match(partial.reason ?? '', /^1 unreadable, first .*\/data\/app\/b\.txt: .*permission denied$/);
  assert.deepEqual(partial.result?.['filesUnreadable'], [secret]);
  assert.deepEqual(
    evidenceOf(host, true).map((fact) => fact.snapshotId),
    [good.result?.['snapshotId']],
  );
  assert.deepEqual(
    evidenceOf(host, false).map((fact) => fact.snapshotId),
    [partial.result?.['snapshotId']],
  );
});

test('a service of which nothing is there fails, one of which a part is missing is partial', async (t) => {
  const host = hostWith(t);
  const [here, gone] = [host.path('data/app'), host.path('data/gone')];
  host.services['app'] = { backup: { paths: [here, gone] } };
  const part = await appStep(host);
  assert.deepEqual([part.exit, part.outcome, part.reason], [1, 'partial', `missing: ${gone}`]);
  assert.deepEqual(evidenceOf(host, true), []);
  host.services['app'] = { backup: { paths: [gone] } };
  const { code, report } = await host.backUp();
  const all = stepOf(report, 'backup:app@near');
  assert.deepEqual([code, all.outcome, all.error?.code], [2, 'blocked', 'source-missing']);
  assert.match(all.error?.hint ?? '', /Is its file system mounted\? If it moved, correct services\.app\.backup\.paths/);
  assert.equal((await host.snapshots('near')).length, 1);
});

test('a source that a before hook brings is no missing source', async (t) => {
  const host = hostWith(t);
  const dump = host.path('dumps');
  const make = host.script('make', `mkdir -p ${dump} && echo dump > ${dump}/all.sql`);
  host.services['app'] = { backup: { paths: [dump], hooks: { before: [[make]], after: [['rm', '-r', dump]] } } };
  const step = await appStep(host);
  assert.deepEqual([step.exit, step.outcome, step.reason], [0, 'succeeded', null]);
  const again = await appStep(host);
  assert.deepEqual([again.exit, again.outcome], [0, 'succeeded']);
});

test('a source that vanishes while it is read is partial', async (t) => {
  const host = hostWith(t);
  const [one, two] = [host.path('data/app'), host.path('data/two')];
  mkdirSync(two);
  host.write('data/two/x', 'x');
  host.services['app'] = { backup: { paths: [one, two] } };
  // Somebody takes it away in the moment between restic's end and the look at what is left.
  const HOLDFAST_RESTIC = host.script(
    'restic',
    `restic "$@"; code=$?; case "$*" in *backup*) rm -r ${two};; esac; exit $code`,
  );
  const after = await appStep(host, { env: { HOLDFAST_RESTIC } });
  assert.deepEqual([after.exit, after.outcome, after.reason], [1, 'partial', `missing: ${two}`]);
});

test('a source that is replaced by an empty directory is partial, again and again, until that is allowed', async (t) => {
  const host = hostWith(t);
  const good = await appStep(host);
  assert.equal(good.exit, 0);
  renameSync(host.path('data/app'), host.path('data/aside'));
  mkdirSync(host.path('data/app'));
  for (let round = 0; round < 2; round += 1) {
    const shrunk = await appStep(host);
    assert.deepEqual([shrunk.exit, shrunk.outcome], [1, 'partial']);
    assert.equal(shrunk.reason, 'shrank from 2 files to 0; set allowEmpty: true if that is right');
  }
  assert.deepEqual(
    evidenceOf(host, true).map((fact) => fact.snapshotId),
    [good.result?.['snapshotId']],
  );
  host.services['app'] = { backup: { paths: [host.path('data/app')], allowEmpty: true } };
  assert.equal((await appStep(host)).exit, 0);
});

test('one source of several that becomes empty is partial; one that always was is only mentioned', async (t) => {
  const host = hostWith(t);
  const [one, two, three] = [host.path('data/app'), host.path('data/two'), host.path('data/three')];
  for (const directory of [two, three]) mkdirSync(directory);
  host.write('data/two/x', 'x');
  host.services['app'] = { backup: { paths: [one, two, three] } };
  const first = await appStep(host);
  assert.deepEqual([first.exit, first.warnings], [0, [`${three} is empty`]]);
  rmSync(host.path('data/two/x'));
  const second = await appStep(host);
  assert.deepEqual(
    [second.exit, second.reason],
    [1, `${two} is empty, it was not before; set allowEmpty: true if that is right`],
  );
});

test('a path that is added to a service and is empty is only mentioned', async (t) => {
  const host = hostWith(t);
  assert.equal((await appStep(host)).exit, 0);
  mkdirSync(host.path('data/new'));
  host.services['app'] = { backup: { paths: [host.path('data/app'), host.path('data/new')] } };
  const step = await appStep(host);
  assert.deepEqual([step.exit, step.warnings], [0, [`${host.path('data/new')} is empty`]]);
});

test('when the journal is lost as well, the repository itself tells that the source had files', async (t) => {
  const host = hostWith(t);
  assert.equal((await appStep(host)).exit, 0);
  rmSync(host.stateDir, { recursive: true });
  for (const name of ['a.txt', 'b.txt']) rmSync(host.path('data/app', name));
  const shrunk = await appStep(host);
  assert.deepEqual([shrunk.exit, shrunk.reason], [1, 'shrank from 2 files to 0; set allowEmpty: true if that is right']);
});

test('a declared path that is only a symbolic link is partial: what it points to is not in the snapshot', async (t) => {
  const host = hostWith(t);
  renameSync(host.path('data/app'), host.path('data/moved'));
  symlinkSync(host.path('data/moved'), host.path('data/app'));
  const step = await appStep(host);
  assert.deepEqual([step.exit, step.outcome], [1, 'partial']);
  assert.match(step.reason ?? '', /data\/app: only the symbolic link is in the snapshot; declare what it points to$/);
  assert.deepEqual(evidenceOf(host, true), []);
});

test('a declared path that an exclude keeps out, by whatever part of it, is partial', async (t) => {
  const host = hostWith(t);
  host.write('data/other/c.txt', 'c');
  const [app, other] = [host.path('data/app'), host.path('data/other')];
  for (const [exclude, absent] of [
    ['data', [app, other]],
    ['o*r', [other]],
    [`${app}/a.txt`, []],
  ] as const) {
    host.services['app'] = { backup: { paths: [app, other], exclude: [exclude] } };
    const step = await appStep(host);
    const reason = absent.length === 0 ? null : `not in the snapshot (does an exclude match?): ${absent.join(', ')}`;
    assert.deepEqual([step.exit, step.reason], [absent.length === 0 ? 0 : 1, reason]);
  }
});

test('where no snapshot can be had the live files are saved, and it is partial with the reason: never silently', async (t) => {
  const host = hostWith(t);
  host.services['app'] = { backup: { paths: [host.path('data/app')], useSnapshots: true } };
  const step = await appStep(host);
  assert.deepEqual([step.exit, step.outcome], [1, 'partial']);
  assert.match(
    step.reason ?? '',
    /data\/app is read as it lives, not from a snapshot: (?:its file system, \w+, has none|only root can make and mount one)$/,
  );
  assert.deepEqual(evidenceOf(host, true), []);
});

test('a dataset that is not what holds the data is refused, and nothing is saved', async (t) => {
  const host = hostWith(t);
  host.services['app'] = { backup: { paths: [host.path('data/app')], zfsDataset: 'tank/app' } };
  const { code, report } = await host.backUp();
  const step = stepOf(report, 'backup:app@near');
  assert.notEqual(code, 0);
  assert.match(
    step.error?.message ?? '',
    /zfsDataset is tank\/app, but .*data\/app lies in|the dataset tank\/app, which should hold/,
  );
});
