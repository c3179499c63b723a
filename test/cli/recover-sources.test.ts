// Sources of lost data that are no repository, where they have nothing to give: passed over with their reason, and never taken for empty.
// What they give back is in test/lab/recover-sources.test.ts.

import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { Report, StepReport } from '../../src/domain/report.ts';
import { type Ended, type ScratchHost, scratchHost, stepOf } from '../support/cli.ts';

async function recover(
  host: ScratchHost,
  ...args: readonly string[]
): Promise<Ended & { report: Report; step: StepReport }> {
  const ended = await host.run(['--json', 'recover', 'a', ...args]);
  const report = JSON.parse(ended.stdout) as Report; // of the shape that every command has
  return { ...ended, report, step: stepOf(report, 'recover:a') };
}

const SOURCES = ['snapshot', 'repository'];

async function lost(t: TestContext, sources: readonly string[]): Promise<ScratchHost> {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('a');
  host.services['a'] = { ...host.services['a'], protection: { allowEmptyStart: true }, recover: { sources } };
  const { code, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  rmSync(host.path('data/a'), { recursive: true });
  return host;
}

test('a source that cannot give it back is passed over for the next, and why is told and on record', async (t) => {
  const host = await lost(t, ['snapshot', 'replica', 'pgbackrest', 'repository']);
  const { code, step, report } = await recover(host);
  assert.equal(code, 0, JSON.stringify(step));
  assert.equal(step.result?.['repository'], 'near');
  assert.match(report.warnings.join('\n'), /a: snapshot is passed over: .* lies on \S+, not in a dataset of ZFS/);
  assert.match(report.warnings.join('\n'), /a: recover\.sources: pgbackrest is passed over/);
  assert.equal(readFileSync(host.path('data/a/a.txt'), 'utf8'), 'a');
  using journal = host.journal();
  const [proof] = journal.evidence({ service: 'a', kind: 'restore', limit: 1 });
  const passed = proof?.detail['passedOver'] as { source: string }[] | undefined;
  assert.deepEqual(
    passed?.map(({ source }) => source),
    ['snapshot', 'replica'],
  );
});

test('a repository that has it is used without asking what is declared after it', async (t) => {
  const host = await lost(t, ['repository', 'snapshot']);
  const { report, step } = await recover(host, '--dry-run');
  assert.partialDeepStrictEqual(step.result, { action: 'restore', source: 'repository', repository: 'near' });
  assert.doesNotMatch(report.warnings.join(), /snapshot/);
});

test('without any source that has it nothing is done, and each says why', async (t) => {
  const host = await lost(t, ['snapshot', 'replica']);
  const { code, step } = await recover(host);
  assert.equal(code, 2);
  assert.match(step.error?.message ?? '', /none of its recover\.sources has it \(snapshot: .*; replica: .*\)/);
  assert.match(step.error?.hint ?? '', /Add repository to services\.a\.recover\.sources/);
});

test('no service starts empty while a source is silent, whoever said that it may', async (t) => {
  const host = await lost(t, ['repository']);
  rmSync(host.addService('b'), { recursive: true }); // it was never backed up
  host.services['b'] = { ...host.services['b'], protection: { allowEmptyStart: true }, recover: { sources: SOURCES } };
  assert.equal((await host.run(['recover', 'b', '--allow-empty-once'])).code, 0);
  const { code, stdout } = await host.run(['--json', 'recover', 'b']);
  const step = stepOf(JSON.parse(stdout) as Report, 'recover:b');
  assert.deepEqual([code, step.error?.code], [2, 'repository-unreachable']);
  assert.match(step.error?.message ?? '', /it is not known whether there is a copy \(snapshot: /);
});
