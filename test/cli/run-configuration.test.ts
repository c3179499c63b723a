// The configuration of a host in its repositories: when it is kept, what is in it, and who takes it for what.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { makeQuickRepository } from '../support/quick-repository.ts';
import { scratchHost, stepOf } from '../support/cli.ts';

const PATH_INSIDE = '/holdfast.yaml';

test('it is kept once in each repository, and again when it has changed; a dry run says which', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addRepository('far', { location: 'offsite' });
  host.addService('app');
  const kept = async (): Promise<number[]> =>
    await Promise.all(['near', 'far'].map(async (name) => (await host.configurations(name)).length));
  const planned = async (): Promise<string[]> =>
    (await host.backUp(['--dry-run'])).report.steps.map(({ id }) => id).filter((id) => id.startsWith('configuration:'));
  assert.deepEqual(await planned(), ['configuration:near', 'configuration:far']);
  const first = await host.backUp();
  assert.deepEqual([first.code, await kept()], [0, [1, 1]], first.stderr);
  assert.equal(stepOf(first.report, 'configuration:near').outcome, 'succeeded');
  assert.deepEqual(await planned(), []);
  assert.equal((await host.backUp()).report.steps.filter(({ stage }) => stage === 'configuration').length, 0);
  host.addService('more');
  assert.deepEqual(await planned(), ['configuration:near', 'configuration:far']);
  assert.equal((await host.backUp(['app', '--repository', 'near'])).code, 0);
  assert.deepEqual([await kept(), await planned()], [[2, 1], ['configuration:far']]);
});

test('it is the file that can be used again, with nothing of the secrets of this host in it', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near', {
    environmentFile: host.write(
      'environment',
      'AWS_SECRET_ACCESS_KEY=planted-secret\nAWS_DEFAULT_REGION=eu-central-1\n',
      0o600,
    ),
  });
  host.addService(
    'app',
    { 'a.txt': 'a' },
    { hooks: { before: [['true', 'correct horse', 'planted-secret', 'eu-central-1']] } },
  );
  const { code, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  const [snapshot] = await host.configurations('near');
  const text = await host.restic('near', ['dump', '--no-lock', snapshot?.id ?? '', PATH_INSIDE]);
  assert.doesNotMatch(text, /correct horse|planted/);
  assert.match(text, /eu-central-1/);
  assert.match(text, /^host: testhost$/m);
  const check = await host.run(['--config', host.write('back.yaml', text, 0o600), 'config', 'check']);
  assert.equal(check.code, 0, check.stderr);
  assert.deepEqual(snapshot?.tags?.toSorted(), ['holdfast:configuration', 'holdfast:repository=near']);
});

test('when it cannot be kept that is told, and the backup beside it stays one: exit 1', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('app');
  const restic = host.script(
    'restic',
    'case "$*" in *--stdin-from-command*) echo "Fatal: no room" >&2; exit 1;; esac; exec restic "$@"',
  );
  const { code, report } = await host.backUp([], { env: { HOLDFAST_RESTIC: restic } });
  assert.deepEqual([code, report.outcome], [1, 'partial']);
  assert.equal(stepOf(report, 'configuration:near').outcome, 'failed');
  assert.equal(stepOf(report, 'backup:app@near').outcome, 'succeeded');
  assert.deepEqual(host.leftovers(), []);
  assert.deepEqual((await host.backUp()).report.steps.at(-1)?.id, 'configuration:near');
});

test('where no copy could be made it is not tried either, and hides no failure', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  rmSync(host.addService('app'), { recursive: true });
  const { code, report } = await host.backUp();
  assert.deepEqual([code, stepOf(report, 'configuration:near').outcome], [2, 'skipped']);
});

test('it is listed as what it is, kept by retention, and no service is made of it', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('app', { 'a.txt': 'a' }, { retention: { last: 1 } });
  for (const more of ['', 'b']) {
    if (more) host.addService(more, { 'b.txt': 'b' }, { retention: { last: 1 } });
    await host.backUp();
  }
  const { stdout } = await host.run(['snapshots', '--all']);
  assert.equal(stdout.match(/\(configuration\)/g)?.length, 2, stdout);
  assert.doesNotMatch((await host.run(['snapshots'])).stdout, /configuration/);
  const retention = await host.run(['--json', 'retention', 'apply']);
  const { steps } = JSON.parse(retention.stdout) as { steps: { id: string; warnings: string[] }[] };
  assert.deepEqual(steps.find(({ id }) => id === 'retention:near')?.warnings, []);
  assert.deepEqual([(await host.snapshots('near')).length, (await host.configurations('near')).length], [2, 2]);
  const refresh = await host.run(['--json', 'status', '--refresh']);
  assert.doesNotMatch(refresh.stdout + refresh.stderr, /configuration|holdfast\.yaml/);
});

test('one that is gone is kept anew as soon as the repository has been asked, and in a new repository at once', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('app');
  await host.backUp();
  const [snapshot] = await host.configurations('near');
  await host.restic('near', ['forget', snapshot?.id ?? '']);
  assert.equal((await host.backUp()).report.steps.at(-1)?.id, 'backup:app@near');
  await host.run(['status', '--refresh']);
  await host.backUp();
  assert.equal((await host.configurations('near')).length, 1);
  rmSync(host.path('near'), { recursive: true });
  assert.equal((await host.run(['repository', 'init', 'near'])).code, 0);
  await host.backUp();
  assert.equal((await host.configurations('near')).length, 1);
  // and at another place under the old name
  makeQuickRepository(host.path('elsewhere'), 'correct horse');
  host.repositories['near'] = { ...host.repositories['near'], url: host.path('elsewhere') };
  await host.backUp();
  assert.equal((await host.configurations('elsewhere')).length, 1);
});

test('what is read half is not kept at all', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('app');
  host.write('bin/cat', '#!/bin/sh\nhead -c 10 "$2"; exit 1\n', 0o755);
  const { report } = await host.backUp([], { env: { PATH: `${host.path('bin')}:${process.env['PATH'] ?? ''}` } });
  assert.equal(stepOf(report, 'configuration:near').outcome, 'failed');
  assert.deepEqual(await host.configurations('near'), []);
});
