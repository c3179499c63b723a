// What a drill does to its scratch: room is looked at before, a full disk is no proof of anything, and whatever ends it (a
// signal, a kill) leaves nothing behind but what is asked to be kept.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import {
  asOrdinaryUser,
  listFiles,
  NOBODY,
  type ScratchHost,
  scratchHost,
  type Section,
  type Started,
  stepOf,
  withTmpfs,
} from '../support/cli.ts';
import { appears } from '../support/appears.ts';

async function backedUp(t: TestContext, protection: Section = {}, size = 300_000): Promise<ScratchHost> {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('notes', { 'a/large': randomBytes(size), 'b/small': 'small' });
  host.services['notes'] = { ...host.services['notes'], protection };
  assert.equal((await host.backUp()).code, 0);
  return host;
}

const drills = (host: ScratchHost): string => join(host.stateDir, 'drills');
const evidenceOf = (host: ScratchHost): unknown[] => {
  using journal = host.journal();
  return [...journal.evidence({ service: 'notes', kind: 'drill', limit: 9 })];
};
const errorOf = (stdout: string): { readonly code?: string; readonly message?: string; readonly hint?: string | null } =>
  stepOf(JSON.parse(stdout) as Report, 'drill:notes@near').error ?? {};

/** Its validator has begun, and waits: everything is restored. */
async function inTheMiddle(host: ScratchHost, started: Started): Promise<string> {
  const marker = (): string | undefined => listFiles(drills(host)).find((name) => name.endsWith('notes/begun'));
  await appears(drills(host), () => readdirSync(drills(host)).length > 0);
  await Promise.race([until(() => marker() !== undefined), started.ended.then(({ stderr }) => assert.fail(stderr))]);
  return join(drills(host), marker()?.split('/')[0] ?? '');
}

/** A directory that is made inside of another that is watched cannot be watched from the beginning. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((again) => setTimeout(again, 10));
}

const WAITS = { validators: [{ type: 'command', command: ['sh', '-c', 'setsid sleep 1000 & echo >begun; sleep 1000'] }] };

test('room is looked at before anything is restored', async (t) => {
  const host = await backedUp(t);
  mkdirSync(drills(host));
  const { code, stdout } = await host.run(['--json', 'drill'], { under: withTmpfs(drills(host), '8m') });
  assert.equal(code, 2);
  const { code: error, message, hint } = errorOf(stdout);
  assert.equal(error, 'no-space');
  assert.match(message ?? '', /it takes .* there \(a reserve included\), 8\.00 MiB are free/);
  assert.match(hint ?? '', /restoreTesting\.scratch.*--sample N/);
  assert.deepEqual(evidenceOf(host), []);
  assert.deepEqual(
    readFileSync(`${drills(host)}.left`, 'utf8')
      .trim()
      .split('\n'),
    [drills(host)],
  );
});

test('scratch that fills up in the middle is no drill that failed', async (t) => {
  const host = await backedUp(t, {}, 3_000_000);
  mkdirSync(drills(host));
  const fake = host.script(
    'filling',
    `case " $* " in *" restore "*) head -c 98M /dev/zero >'${drills(host)}/filler' ;; esac; exec restic "$@"`,
  );
  const { code, stdout, stderr } = await host.run(['--json', 'drill'], {
    under: withTmpfs(drills(host), '100m'),
    env: { HOLDFAST_RESTIC: fake },
  });
  assert.equal(code, 2, stderr);
  const { code: error, hint } = errorOf(stdout);
  assert.equal(error, 'no-space', stdout);
  assert.match(hint ?? '', /is full: make room there/);
  assert.deepEqual(evidenceOf(host), []);
  const left = readFileSync(`${drills(host)}.left`, 'utf8')
    .trim()
    .split('\n');
  assert.deepEqual(left.toSorted(), [drills(host), join(drills(host), 'filler')]);
});

test('what only the cache still holds does not come back', async (t) => {
  const host = await backedUp(t);
  const cached = listFiles(host.path('home/.cache/restic')).filter((name) => /\/data\/.*[0-9a-f]{64}$/.test(name));
  assert.ok(cached.length > 0, 'the directories of the snapshots');
  for (const name of cached.map((file) => file.split('/').at(-1) ?? '')) {
    rmSync(host.path('near/data', name.slice(0, 2), name));
  }
  const { code, stdout } = await host.run(['--json', 'drill']);
  assert.equal(code, 2);
  assert.equal(errorOf(stdout).code, 'not-restored', stdout);
  const sample = await host.run(['--json', 'drill', '--sample', '1']);
  assert.equal(errorOf(sample.stdout).code, 'not-restored', sample.stdout);
  assert.equal(evidenceOf(host).length, 2);
});

test('an interrupted drill cleans up, and has proven nothing', async (t) => {
  const host = await backedUp(t, WAITS);
  const started = host.start(['--json', 'drill']);
  await inTheMiddle(host, started);
  started.child.kill('SIGINT');
  const { code, stdout } = await started.ended;
  assert.equal(code, 130);
  assert.equal(stepOf(JSON.parse(stdout) as Report, 'drill:notes@near').outcome, 'interrupted');
  assert.deepEqual(listFiles(drills(host)), []);
  assert.deepEqual(evidenceOf(host), []);
  assert.deepEqual(host.processes(), []);
  assert.deepEqual(host.leftovers(), []);
});

test('after a kill in the middle the next start removes exactly what that drill had restored', async (t) => {
  const host = await backedUp(t, WAITS);
  const started = host.start(['drill']);
  const scratch = await inTheMiddle(host, started);
  started.child.kill('SIGKILL');
  await started.ended;
  assert.ok(existsSync(join(scratch, 'data')));
  await until(() => host.processes().length === 0); // the validator and what it forked die with it
  const strangers = host.write('state/drills/somebody-elses/file', 'x');
  const { code, stderr } = await host.run(['run']);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /cleaned up after run .*which died/);
  assert.deepEqual(listFiles(drills(host)), ['somebody-elses', 'somebody-elses/file']);
  assert.ok(existsSync(strangers));
  assert.deepEqual(evidenceOf(host), []);
  assert.deepEqual(host.leftovers(), []);
});

test('an ordinary user drills too, and can remove directories that are closed to their owner', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const data = host.addService('notes', { 'closed/inner/file': 'x' });
  host.services['notes'] = {
    ...host.services['notes'],
    protection: {
      validators: [{ type: 'command', command: ['sh', '-c', 'test -f closed/inner/file && test "$(id -u)" != 0'] }],
    },
  };
  for (const name of ['closed/inner', 'closed']) chmodSync(join(data, name), 0o555);
  if (process.getuid?.() === 0) host.giveTo(NOBODY);
  const under = asOrdinaryUser();
  assert.equal((await host.backUp([], { under })).code, 0);
  const { code, stdout, stderr } = await host.run(['drill'], { under });
  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(listFiles(drills(host)), []);
  for (const name of ['closed', 'closed/inner']) chmodSync(join(data, name), 0o755);
});
