import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { DoctorReport } from '../../src/engine/doctor.ts';
import { asOrdinaryUser, type Ended, NOBODY, ScratchHost } from '../support/cli.ts';

const ordinary = { under: asOrdinaryUser() };

/** An ordinary user's host with one backup; what is opened again when the test is over can be removed. */
async function backedUp(t: TestContext): Promise<ScratchHost> {
  const host = new ScratchHost();
  t.after(() => {
    for (const { name } of readdirSync(host.root, { withFileTypes: true }).filter((each) => each.isDirectory()))
      chmodSync(host.path(name), 0o700);
    host[Symbol.dispose]();
  });
  host.addRepository('near');
  host.addService('app');
  if (process.getuid?.() === 0) host.giveTo(NOBODY);
  const { code, stderr } = await host.run(['run'], ordinary);
  assert.equal(code, 0, stderr);
  return host;
}

/** Commands that only look. */
const LOOKING = [['status'], ['history'], ['snapshots'], ['find', 'a.txt']] as const;

const checks = ({ stdout }: Ended): string[] =>
  (JSON.parse(stdout) as DoctorReport).checks
    .filter(({ health }) => health !== 'ok')
    .map(({ id, health, detail, fix }) => `${id} ${health}: ${detail} -> ${fix}`);

test('a state directory that may not be looked into is not one in which nothing is recorded', async (t) => {
  const host = await backedUp(t);
  chmodSync(host.stateDir, 0);
  for (const command of LOOKING) {
    const { code, stdout, stderr } = await host.run(command, ordinary);
    assert.deepEqual([code, stdout], [2, ''], command.join(' '));
    assert.match(stderr, /^error: .*this user may not read and write \S*\/state\nhint: chmod u\+rwX \S*\/state\n$/);
  }
  const told = checks(await host.run(['--json', 'doctor'], ordinary)).join('\n');
  assert.match(told, /^state-directory problem: this user may not .* -> chmod u\+rwX /m);
  assert.match(told, /^journal problem: this user may not read and write /m);
  assert.match(told, /^jobs warning: not known/m);
  assert.doesNotMatch(told, /never backed up|nothing has been recorded/);
});

test('a state directory that is a file is told as one', async (t) => {
  const host = await backedUp(t);
  const file = host.write('file', '');
  for (const stateDir of [file, join(file, 'below')]) {
    const { code, stdout, stderr } = await host.run(['--state-dir', stateDir, 'status'], ordinary);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /\/file(?:\/below)? is not a directory\nhint: Choose another with stateDir or --state-dir/);
  }
});

test('commands that only look go on where nothing can be written, with what stands only in the write-ahead log', async (t) => {
  const host = await backedUp(t);
  const crashed = host.path('crashed');
  mkdirSync(crashed);
  using _holdsTheLogOpen = host.journal();
  assert.equal((await host.run(['run'], ordinary)).code, 0);
  // as after a power cut: the index of the log is not there, and making one would be writing
  for (const name of ['journal.db', 'journal.db-wal']) copyFileSync(join(host.stateDir, name), join(crashed, name));
  if (process.getuid?.() === 0) host.giveTo(NOBODY);
  for (const stateDir of [host.stateDir, crashed]) {
    for (const name of readdirSync(stateDir).filter((each) => each.startsWith('journal')))
      chmodSync(join(stateDir, name), 0o400);
    chmodSync(stateDir, 0o500);
    for (const command of LOOKING) {
      const { code, stderr } = await host.run(['--state-dir', stateDir, ...command], ordinary);
      assert.deepEqual([code, stderr], [0, ''], command.join(' '));
    }
    const history = await host.run(['--state-dir', stateDir, '--json', 'history'], ordinary);
    assert.equal((JSON.parse(history.stdout) as { runs: unknown[] }).runs.length, 2, stateDir);
  }
});

test('doctor says that a journal is closed to its user, which files, and how it is opened', async (t) => {
  const host = await backedUp(t);
  const file = join(host.stateDir, 'journal.db');
  chmodSync(file, 0o400);
  const fix = `chmod u+rwX ${file}`;
  const told = checks(await host.run(['--json', 'doctor'], ordinary));
  const expected = `journal problem: this user may not read and write ${file}: every run will fail -> ${fix}`;
  assert.deepEqual(told, [expected]);
  const failed = await host.run(['run'], ordinary);
  assert.deepEqual([failed.code, failed.stdout], [2, '']);
  assert.ok(failed.stderr.includes(`could not use the journal ${file}: this user may not`), failed.stderr);
  const hint = `hint: chmod u+rwX ${file} ${file}-wal ${file}-shm\n`; // SQLite has made these with the mode of the first
  assert.ok(failed.stderr.endsWith(hint), failed.stderr);
  for (const suffix of ['', '-wal', '-shm']) chmodSync(`${file}${suffix}`, 0o600);
  assert.equal((await host.run(['run'], ordinary)).code, 0);
});

test('doctor mentions journals that were moved aside', async (t) => {
  const host = await backedUp(t);
  writeFileSync(join(host.stateDir, 'journal.db'), 'garbage'.repeat(10_000));
  assert.equal((await host.run(['run'], ordinary)).code, 0);
  const aside = readdirSync(host.stateDir).find((name) => name.includes('damaged')) ?? '';
  const told = checks(await host.run(['--json', 'doctor'], ordinary)).join('\n');
  assert.ok(told.includes(`journal warning: history was lost when the journal was found damaged: ${aside} in `), told);
  assert.match(told, /rm \S+\/journal\.db\.damaged-\*/);
});
