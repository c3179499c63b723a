// `holdfast demo`: the whole story with real tools, on the way that a newcomer sees first. Nothing of it is left behind.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { newestServerPrograms } from '../../src/tools/postgresql/programs.ts';
import { compareTrees } from '../../src/engine/restore/compare-trees.ts';
import { findProgram } from '../../src/process/find-program.ts';
import { asOrdinaryUser, NOBODY, PATH, type ScratchHost, scratchHost } from '../support/cli.ts';

const seconds = z.number().positive();
const report = z.object({
  schemaVersion: z.literal(1),
  kind: z.literal('demo'),
  outcome: z.literal('succeeded'),
  exitCode: z.literal(0),
  seconds,
  directory: z.string().nullable(),
  postgres: z.union([z.strictObject({ version: z.string() }), z.strictObject({ missing: z.string() })]),
  evidence: z.array(
    z.strictObject({
      service: z.string(),
      repository: z.enum(['near', 'away']),
      snapshotId: z.string().regex(/^[0-9a-f]{64}$/),
      files: z.int().positive(),
      bytes: z.int().positive(),
      backedUpInSeconds: seconds,
      recoveredInSeconds: seconds.nullable(),
      drilledInSeconds: seconds.nullable(),
    }),
  ),
  proofs: z.array(
    z.strictObject({
      service: z.string(),
      repository: z.string(),
      kind: z.enum(['recovery', 'drill']),
      snapshotId: z.string(),
      seconds,
      compared: z.string(),
      differences: z.array(z.string()).max(0),
    }),
  ),
  status: z.object({ kind: z.literal('status') }),
  runs: z.array(z.object({ kind: z.string(), outcome: z.literal('succeeded') })),
});

/** A TMPDIR of its own, so that whatever is left can be seen. */
function temporary(host: ScratchHost): { readonly env: { readonly TMPDIR: string }; readonly left: () => string[] } {
  const directory = host.path('tmp');
  mkdirSync(directory);
  for (const each of [host.root, directory]) chmodSync(each, 0o711); // PostgreSQL will not run as root
  return { env: { TMPDIR: directory }, left: () => readdirSync(directory) };
}

/** Every process that works in or below a directory, or has it in its arguments or environment. */
function processesOf(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const [argv, environment] = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1'));
        return `${argv} ${environment}`.includes(directory) ? [`${pid} ${argv?.replaceAll('\0', ' ')}`] : [];
      } catch {
        return []; // ended meanwhile, or somebody else's
      }
    });
}

test('the demo loses everything, gets every byte back from both repositories, and leaves nothing behind', async (t) => {
  const host = scratchHost(t);
  const { env, left } = temporary(host);
  const withPostgres = (await newestServerPrograms(new AbortController().signal)) !== null;
  const { code, stdout, stderr } = await host.run(['demo'], { env });
  assert.equal(code, 0, stdout + stderr);
  assert.equal(stderr, '');
  const services = ['photos', 'notes', ...(withPostgres ? ['shop'] : [])];
  for (const service of services) assert.equal(stdout.match(new RegExp(`^ {3}✓ ${service} +\\d`, 'gm'))?.length, 2, stdout);
  assert.match(stdout, /^8 {2}The evidence$/m);
  assert.match(stdout, new RegExp(`${services.length} services on demo: ${services.length} protected`));
  assert.match(stdout, /^Every byte came back\. The whole story took \d/m);
  if (!withPostgres) assert.match(stdout, /^ {3}shop +left out: the programs of its server .* are not installed$/m);
  const longest = stdout.split('\n').filter((line) => [...line].length > 80 && !line.includes(host.root));
  assert.deepEqual(longest, []);
  assert.ok(!stdout.includes('\u001b'));
  assert.deepEqual(left(), []);
  assert.deepEqual(readdirSync(host.path('home')), []);
  assert.deepEqual(processesOf(host.root), []);
});

test('kept, for an ordinary user, it is a host like any other, and plain restic gets everything back', async (t) => {
  const host = scratchHost(t);
  const { env, left } = temporary(host);
  mkdirSync(host.path('kept'));
  if (process.getuid?.() === 0) host.giveTo(NOBODY);
  const under = asOrdinaryUser();
  const { code, stdout, stderr } = await host.run(['--json', '--quiet', 'demo', '--keep', host.path('kept')], {
    env,
    under,
  });
  assert.equal(code, 0, stderr);
  const told = report.parse(JSON.parse(stdout));
  const services = ['photos', 'notes', ...('version' in told.postgres ? ['shop'] : [])];
  assert.equal(told.directory, host.path('kept'));
  assert.deepEqual(
    told.evidence.map((row) => [
      row.service,
      row.repository,
      row.recoveredInSeconds !== null,
      row.drilledInSeconds !== null,
    ]),
    services.flatMap((service) => [
      [service, 'near', true, false],
      [service, 'away', false, true],
    ]),
  );
  assert.deepEqual(
    told.proofs.map(({ service, kind }) => `${kind} ${service}`),
    ['recovery', 'drill'].flatMap((kind) => services.map((service) => `${kind} ${service}`)),
  );
  assert.deepEqual(left(), []);
  assert.deepEqual(processesOf(host.path('kept')), []);

  for (const repository of ['near', 'away']) {
    const secrets = { RESTIC_PASSWORD_FILE: host.path(`kept/secrets/${repository}.pw`) };
    const plainEnv = { RESTIC_REPOSITORY: host.path('kept/repositories', repository), ...secrets };
    const target = mkdtempSync(host.path('plain-'));
    const args = ['restore', 'latest', '--tag', 'holdfast:job=photos', '--target', target];
    const plain = await host.startRestic(repository, args, { env: plainEnv }).ended;
    assert.equal(plain.code, 0, plain.stderr);
    const restored = join(target, host.path('kept/services/photos'));
    const { signal } = new AbortController();
    const { differences } = await compareTrees(host.path('kept/originals/photos'), restored, signal);
    assert.deepEqual(differences, []);
  }

  const file = readFileSync(host.path('kept/holdfast.yaml'), 'utf8');
  assert.match(file, /^# yaml-language-server: \$schema=holdfast\.schema\.json\n/);
  const again = await host.run(['--config', host.path('kept/holdfast.yaml'), 'config', 'check'], { under });
  assert.equal(again.code, 0, again.stderr);
  assert.equal(again.stderr, ''); // not even a warning
});

test('what came back differently by one byte, where restic saw nothing wrong, is named, and the demo fails', async (t) => {
  const host = scratchHost(t);
  const { env, left } = temporary(host);
  // A disk that lies: after restic has restored and verified, a file changes without a trace in its size and time.
  const restic = host.script(
    'restic',
    `'${findProgram('restic', PATH)}' "$@"; code=$?
for argument; do case $argument in --target=*)
  file=$(find "\${argument#--target=}" -name DSC_0001.jpg)
  if [ "$file" ]; then
    touch -r "$file" "$TMPDIR/time"; printf rotten | dd of="$file" bs=1 seek=500 conv=notrunc 2>/dev/null; touch -r "$TMPDIR/time" "$file"
  fi
esac; done
exit $code`,
  );
  const { code, stdout, stderr } = await host.run(['demo'], { env: { ...env, HOLDFAST_RESTIC: restic } });
  assert.equal(code, 2, stderr);
  assert.match(stdout, /^ {3}✗ photos +\d.*NOT what was lost: .*\n? .*DSC_0001\.jpg/m);
  assert.match(stdout, /^ {3}✓ notes /m);
  assert.match(stdout, /^NOT every byte came back: photos from near, photos from away\.$/m);
  assert.deepEqual(left(), []);
});

test('a folder that is not empty is refused before anything is made in it', async (t) => {
  const host = scratchHost(t);
  const mine = host.write('mine/letter.txt', 'dear');
  const { code, stderr } = await host.run(['demo', '--keep', host.path('mine')]);
  assert.equal(code, 64);
  assert.match(stderr, /is not empty\nhint: /);
  assert.deepEqual(readdirSync(host.path('mine')), [basename(mine)]);
});

test('without restic it says what is missing, and makes no folder', async (t) => {
  const host = scratchHost(t);
  const { env, left } = temporary(host);
  const { code, stderr } = await host.run(['demo'], { env: { ...env, HOLDFAST_RESTIC: '/nowhere/restic' } });
  assert.equal(code, 2);
  assert.match(stderr, /restic is not installed, or not on PATH\nhint: .*scripts\/setup/);
  assert.deepEqual(left(), []);
});

for (const chapter of ['1  Make', '3  Back up', '5  Recover']) {
  test(`interrupted in the chapter "${chapter}" it cleans up and ends with 130`, async (t) => {
    const host = scratchHost(t);
    const { env, left } = temporary(host);
    const demo = host.start(['--json', 'demo'], { env }); // the story is on standard error then
    await demo.said(new RegExp(`^${chapter}`, 'm'));
    demo.child.kill('SIGINT');
    const { code, stdout, stderr } = await demo.ended;
    assert.equal(code, 130, stderr);
    assert.match(stdout, /^\{"error":\{"code":"interrupted"/);
    assert.deepEqual(left(), []);
    assert.deepEqual(processesOf(host.root), []);
  });
}
