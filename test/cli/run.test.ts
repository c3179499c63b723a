// `holdfast run`: what ends up in the repositories, and how it is told.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, utimesSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import { fingerprint, scratchHost, snapshotOf, stepOf } from '../support/cli.ts';

const instant = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();
const backupResult = z.strictObject({
  service: z.string(),
  repository: z.string(),
  snapshotId: z.string().regex(/^[0-9a-f]{64}$/),
  filesNew: count,
  filesChanged: count,
  filesUnmodified: count,
  bytesProcessed: count,
  bytesAdded: count,
  filesUnreadable: z.array(z.string()),
  databases: z.array(z.string()),
});
const configurationResult = z.strictObject({ repository: z.string(), snapshotId: z.hash('sha256'), bytes: count });
const names = z.array(z.string());
const sourceResult = z.strictObject({ present: names, missing: names, layered: names });
const errorReport = z.strictObject({
  code: z.string(),
  message: z.string(),
  operation: z.string(),
  subject: z.string(),
  hint: z.string().nullable(),
  retry: z.enum(['never', 'later', 'now']),
  tool: z.strictObject({ name: z.string(), exitCode: z.int().nullable(), stderrTail: z.array(z.string()) }).nullable(),
});
const stepReport = z.strictObject({
  id: z.string(),
  title: z.string(),
  stage: z.enum(['preflight', 'backup', 'configuration']),
  service: z.string().nullable(),
  repository: z.string().nullable(),
  weight: z.enum(['critical', 'counted', 'advisory']),
  outcome: z.enum(['succeeded', 'partial', 'failed', 'timed-out', 'interrupted', 'skipped', 'blocked', 'planned']),
  reason: z.string().nullable(),
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  durationSeconds: z.number().nonnegative().nullable(),
  error: errorReport.nullable(),
  warnings: z.array(z.string()),
  result: z.union([backupResult, configurationResult, z.strictObject({ version: z.string() }), sourceResult]).nullable(),
});
const report = z.strictObject({
  schemaVersion: z.literal(1),
  kind: z.literal('run'),
  id: z.ulid(),
  host: z.literal('testhost'),
  startedAt: instant,
  endedAt: instant,
  outcome: z.enum(['succeeded', 'partial', 'failed', 'timed-out', 'interrupted', 'skipped', 'planned']),
  exitCode: z.int(),
  dryRun: z.boolean(),
  counts: z.strictObject({
    succeeded: count,
    partial: count,
    failed: count,
    timedOut: count,
    interrupted: count,
    skipped: count,
    blocked: count,
  }),
  warnings: z.array(z.string()),
  steps: z.array(stepReport),
});

test('run puts a snapshot of each service into each of its repositories, at its live paths, under its identity', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addRepository('far', { location: 'offsite' });
  const files = { 'keep.txt': 'keep', 'drop.tmp': 'drop', '.cache/blob': 'drop', 'odd [name]\n.txt': 'odd' };
  const notes = host.addService('notes', files, { tags: ['home', 'text'], exclude: ['**/.cache', '*.tmp'] });
  const mail = host.addService('mail', { inbox: 'letters' }, { repository: 'far' });

  const { code, report: told, stderr } = await host.backUp();
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    told.steps.filter((step) => step.stage === 'backup').map((step) => [step.id, step.outcome]),
    [
      ['backup:notes@near', 'succeeded'],
      ['backup:notes@far', 'succeeded'],
      ['backup:mail@far', 'succeeded'],
    ],
  );
  for (const repository of ['near', 'far']) {
    const snapshots = await host.snapshots(repository);
    assert.deepEqual(
      snapshots
        .map(({ hostname, tags, paths }) => ({ hostname, tags, paths }))
        .toSorted((a, b) => (a.paths < b.paths ? -1 : 1)),
      [
        ...(repository === 'far' ? [{ hostname: 'testhost', tags: ['holdfast:job=mail'], paths: [mail] }] : []),
        { hostname: 'testhost', tags: ['holdfast:job=notes', 'home', 'text'], paths: [notes] },
      ],
    );
    const id = snapshotOf(told, `backup:notes@${repository}`);
    assert.ok(snapshots.some((snapshot) => snapshot.id === id));
    const contents = (await host.contents(repository, id)).filter((path) => path.startsWith(`${notes}/`));
    assert.deepEqual(contents.toSorted(), [`${notes}/keep.txt`, `${notes}/odd [name]\n.txt`]);
    assert.deepEqual(host.locks(repository), []);
  }
  assert.deepEqual(host.leftovers(), []);
});

test('the report has exactly the shape of the contract, when all is well, when something fails, and dry', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('notes');
  report.parse((await host.backUp(['--dry-run'])).report);
  const good = await host.backUp();
  const parsed = report.parse(good.report);
  assert.deepEqual([parsed.outcome, parsed.exitCode, parsed.dryRun, good.code], ['succeeded', 0, false, 0]);
  assert.partialDeepStrictEqual(stepOf(good.report, 'backup:notes@near').result, {
    service: 'notes',
    repository: 'near',
    filesNew: 1,
    filesChanged: 0,
    filesUnmodified: 0,
    bytesProcessed: 5,
  });
  host.repositories['gone'] = { url: host.path('gone'), passwordFile: host.path('password') };
  const bad = await host.backUp();
  assert.deepEqual([report.parse(bad.report).outcome, bad.code], ['partial', 1]);
});

test('an unchanged service is not read again: its next snapshot has the last one as its parent', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const directory = host.addService('notes', { one: '1', two: '2' });
  await host.backUp();
  const [first] = await host.snapshots('near');
  const second = await host.backUp();
  assert.partialDeepStrictEqual(stepOf(second.report, 'backup:notes@near').result, {
    filesNew: 0,
    filesChanged: 0,
    filesUnmodified: 2,
  });
  host.write('data/notes/one', 'I');
  utimesSync(`${directory}/one`, new Date(), new Date(Date.now() + 5000));
  const third = await host.backUp();
  assert.partialDeepStrictEqual(stepOf(third.report, 'backup:notes@near').result, {
    filesNew: 0,
    filesChanged: 1,
    filesUnmodified: 1,
  });
  const snapshots = await host.snapshots('near');
  assert.deepEqual(
    snapshots.map((snapshot) => snapshot.parent),
    [undefined, first?.id, snapshots[1]?.id],
  );
});

test('a dry run shows the steps that would run and changes nothing anywhere, not even the state directory', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addRepository('far');
  const touched = host.path('touched');
  host.addService('notes', { 'a.txt': 'a' }, { hooks: { before: [['touch', touched]], after: [['touch', touched]] } });
  await host.run(['config', 'check']); // writes the configuration
  const before = fingerprint(host.root).filter((line) => !line.startsWith('holdfast.yaml'));
  const { code, report: plan } = await host.backUp(['--dry-run']);
  const human = await host.run(['run', '--dry-run']);
  assert.deepEqual([code, human.code], [0, 0]);
  assert.ok(!existsSync(host.stateDir));
  assert.ok(!existsSync(touched));
  assert.deepEqual(
    fingerprint(host.root).filter((line) => !line.startsWith('holdfast.yaml')),
    before,
  );
  assert.equal(plan.dryRun, true);
  assert.deepEqual(new Set(plan.steps.map((step) => step.outcome)), new Set(['planned']));
  assert.match(human.stdout, /Back up notes to near\n[^]*Back up notes to far\n[^]*nothing was changed/);
  const { report: real } = await host.backUp();
  assert.deepEqual(
    plan.steps.map((step) => step.id),
    real.steps.map((step) => step.id),
  );
});

test('run backs up what is named: by pattern, by repository, by tag', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addRepository('far');
  host.addService('sonarr', undefined, { tags: ['media'] });
  host.addService('radarr', undefined, { tags: ['media'], repository: 'near' });
  host.addService('mail');
  const selected = async (...args: string[]): Promise<string[]> => {
    const { report: plan } = await host.backUp(['--dry-run', ...args]);
    return plan.steps.filter((step) => step.stage === 'backup').map((step) => step.id.replace('backup:', ''));
  };
  assert.deepEqual(await selected('*arr'), ['sonarr@near', 'sonarr@far', 'radarr@near']);
  assert.deepEqual(await selected('mail', 'mail', 'radarr'), ['radarr@near', 'mail@near', 'mail@far']);
  assert.deepEqual(await selected('--repository', 'far'), ['sonarr@far', 'mail@far']);
  assert.deepEqual(await selected('--tag', 'media', '--repository', 'near'), ['sonarr@near', 'radarr@near']);

  const { report: plan } = await host.backUp(['--dry-run', 'radarr', 'mail', '--repository', 'far']);
  assert.deepEqual(plan.warnings, ['radarr was named, and nothing of it is backed up to far']);
});

test('a name that nothing has is the wrong command line, never "acceptable", and the nearest name is told', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('sonarr', undefined, { tags: ['media'] });
  const ends = async (...args: string[]): Promise<[number | null, string]> => {
    const { code, stderr } = await host.run(['run', ...args]);
    return [code, stderr];
  };
  assert.deepEqual(await ends('sonar'), [
    64,
    'error: no service is called sonar\nhint: Did you mean sonarr? Known: sonarr\n',
  ]);
  assert.deepEqual(await ends('zzz*'), [64, 'error: no service is called zzz*\nhint: Known: sonarr\n']);
  assert.deepEqual(await ends('--repository', 'naer'), [
    64,
    'error: no repository is called naer\nhint: Did you mean near? Known: near\n',
  ]);
  const [tag, text] = await ends('--tag', 'medai');
  assert.equal(tag, 64);
  assert.match(text, /^error: no tag is called medai\nhint: Did you mean media\? /);
  assert.equal((await host.run(['run', '--wait', 'soon'])).code, 64);
  assert.equal((await host.run(['run', '--frobnicate'])).code, 64);
  const json = await host.run(['--json', 'run', 'sonar']);
  assert.partialDeepStrictEqual(JSON.parse(json.stdout), { error: { code: 'usage', subject: 'sonar' } });
  assert.ok(!existsSync(host.stateDir), 'a wrong command line must leave nothing behind');
});

test('a wrong configuration is exit 78 and nothing is written', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('notes', undefined, { pahts: ['/x'] });
  const { code, stderr } = await host.run(['run']);
  assert.equal(code, 78);
  assert.match(stderr, /services\.notes\.backup\.pahts: .*'paths'\?/);
  assert.ok(!existsSync(host.stateDir));
});

test('people are told each job in a line, and results go to standard output alone', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('notes');
  const ordinary = await host.run(['run']);
  assert.match(
    ordinary.stdout,
    /^✓ {2}Back up notes to near .*\n✓ {2}Keep the configuration in near .*\n\nrun succeeded: 2 of 2 succeeded in .* \(run 01[0-9A-Z]+\)\n$/,
  );
  const quiet = await host.run(['--quiet', 'run']);
  assert.equal(quiet.stderr, '');
  const json = await host.run(['--json', 'run']);
  assert.equal(json.stdout.trim().split('\n').length, 1);
  assert.ok(!readFileSync(host.path('holdfast.yaml'), 'utf8').includes('correct horse'));
  assert.ok(!JSON.stringify([ordinary, quiet, json]).includes('correct horse'));
});
