// Repositories that cannot be written: each failure names its cause and the way on, stops only the jobs that depend on it,
// and loses nothing.

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { StepReport } from '../../src/domain/report.ts';
import { asOrdinaryUser, NOBODY, type ScratchHost, scratchHost, stepOf, withTmpfs } from '../support/cli.ts';

function hostWith(t: TestContext): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('notes', { 'a.txt': 'a', 'b.txt': 'b' });
  return host;
}

interface Failure {
  readonly code: number | null;
  readonly outcome: string;
  readonly error: string | undefined;
  readonly message: string;
  readonly hint: string;
  readonly text: string;
}

/** What becomes of notes@near, in JSON and as people see it; the journal is in order afterwards. */
async function failureOf(host: ScratchHost, options: Parameters<ScratchHost['backUp']>[1] = {}): Promise<Failure> {
  const { code, report } = await host.backUp(['--wait=0'], options);
  const human = await host.run(['run', '--wait=0'], options);
  assert.equal(human.code, code);
  const step: StepReport = stepOf(report, 'backup:notes@near');
  assert.deepEqual(host.leftovers(), []);
  return {
    code,
    outcome: step.outcome,
    error: step.error?.code,
    message: step.error?.message ?? '',
    hint: step.error?.hint ?? '',
    text: human.stdout,
  };
}

const lastComplete = (host: ScratchHost, service = 'notes'): string | undefined => {
  using journal = host.journal();
  return journal.evidence({ service, kind: 'backup', complete: true, limit: 1 })[0]?.snapshotId;
};

test('a wrong password is told as one, and the last success stays where it was', async (t) => {
  const host = hostWith(t);
  await host.backUp();
  const good = lastComplete(host);
  assert.ok(good);
  host.write('password', 'wrong\n');
  const failure = await failureOf(host);
  assert.deepEqual([failure.code, failure.outcome, failure.error], [2, 'failed', 'wrong-password']);
  assert.match(failure.message, /^wrong password or no key found/);
  assert.match(failure.hint, /holdfast --config \S+ repository check-access near/);
  assert.match(failure.text, /error: Back up \w+ to near: wrong password[^]*hint: Check the file or command/);
  assert.equal(lastComplete(host), good);
});

test('a password file that is missing, empty or closed is told before restic is started', async (t) => {
  const host = hostWith(t);
  const password = host.path('password');
  writeFileSync(password, '');
  const empty = await failureOf(host);
  assert.deepEqual([empty.code, empty.outcome, empty.error], [2, 'blocked', 'secret-unreadable']);
  assert.equal(empty.message, `the password file ${password} is empty`);
  unlinkSync(password);
  const missing = await failureOf(host);
  assert.deepEqual(
    [missing.code, missing.outcome, missing.message],
    [2, 'blocked', `the password file ${password} does not exist`],
  );
  assert.match(missing.hint, /without the password nothing in this repository can be read/);
  writeFileSync(password, 'correct horse\n', { mode: 0o600 });
  host.giveTo(NOBODY);
  if (asOrdinaryUser().length > 0) execFileSync('chown', ['root:root', password]);
  else chmodSync(password, 0);
  const closed = await failureOf(host, { under: asOrdinaryUser() });
  assert.deepEqual([closed.code, closed.outcome], [2, 'blocked']);
  assert.equal(closed.message, `the password file ${password} cannot be read by this user (EACCES)`);
  assert.deepEqual(readdirSync(host.path('near/snapshots')), []);
});

test("a repository that is not there is not created behind its owner's back", async (t) => {
  const host = hostWith(t);
  renameSync(host.path('near'), host.path('elsewhere'));
  const gone = await failureOf(host);
  assert.deepEqual([gone.code, gone.outcome, gone.error], [2, 'blocked', 'repository-missing']);
  assert.equal(gone.message, `${host.path('near')} does not exist`);
  assert.match(gone.hint, /find out why it is gone before anything else. .*holdfast --config \S+ repository init near/);
  assert.ok(!existsSync(host.path('near')));
  execFileSync('mkdir', [host.path('near')]);
  const empty = await failureOf(host);
  assert.equal(empty.message, `${host.path('near')} holds no restic repository`);
  assert.deepEqual(readdirSync(host.path('near')), []);
  host.repositories['near'] = { ...host.repositories['near'], url: host.path('nowhere/at/all') };
  assert.equal((await failureOf(host)).message, `${host.path('nowhere/at/all')} does not exist`);
  host.repositories['near'] = { ...host.repositories['near'], url: host.path('password/repo') };
  const below = await failureOf(host); // nobody knows what would be there if the file were a directory
  assert.deepEqual([below.code, below.error], [2, 'repository-unreachable']);
});

test('what is not mounted, or too full, is not written to', async (t) => {
  const host = hostWith(t);
  host.repositories['near'] = { ...host.repositories['near'], mounted: host.path('near') };
  const unmounted = await failureOf(host);
  assert.deepEqual(
    [unmounted.code, unmounted.error, unmounted.message],
    [2, 'not-mounted', `nothing is mounted at ${host.path('near')}`],
  );
  host.repositories['near'] = { url: host.path('near'), passwordFile: host.path('password'), minFree: '900TB' };
  const full = await failureOf(host);
  assert.deepEqual([full.code, full.error], [2, 'no-space']);
  assert.match(full.message, /are free at .*near, .* are required/);
  assert.deepEqual(readdirSync(host.path('near/snapshots')), []);
});

test('a dead repository does not stop the copies in a living one', async (t) => {
  const host = hostWith(t);
  host.addService('mail', undefined, { repositories: ['near', 'gone'] });
  host.repositories['dead'] = {
    url: 'rest:http://127.0.0.1:9/dead',
    passwordFile: host.path('password'),
    location: 'offsite',
  };
  host.repositories['gone'] = { url: host.path('gone'), passwordFile: host.path('password') };
  host.services['notes'] = { backup: { paths: [host.path('data/notes')], repositories: ['dead', 'near'] } };
  host.configure({ defaults: { timeout: '5s' } }); // restic itself goes on trying for a quarter of an hour
  const { code, report } = await host.backUp();
  assert.deepEqual([code, report.outcome], [1, 'partial']);
  assert.deepEqual(
    report.steps.filter((step) => step.stage === 'backup').map((step) => [step.id, step.outcome]),
    [
      ['backup:notes@dead', 'timed-out'],
      ['backup:notes@near', 'succeeded'],
      ['backup:mail@near', 'succeeded'],
      ['backup:mail@gone', 'blocked'],
    ],
  );
  const { error } = stepOf(report, 'backup:notes@dead');
  assert.equal(error?.message, 'did not finish within 5s');
  const lastWords = error.tool?.stderrTail ?? [];
  assert.match(lastWords.join('\n'), /connection refused/, 'what it was waiting for is not told');
  assert.ok(!lastWords.some((line) => /\{|signal|cleaning up/.test(line) || line.includes('\u001B')), lastWords.join('\n'));
  assert.equal((await host.snapshots('near')).length, 2);
});

test('a repository that cannot be opened is tried once in a run, and services are not disturbed for it again', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  const log = host.path('log');
  const note = host.script('note', `echo "$HOLDFAST_SERVICE" >> ${log}`);
  for (const name of ['a', 'b', 'c']) host.addService(name, undefined, { hooks: { before: [[note]] } });
  host.write('password', 'wrong\n');
  const { code, report } = await host.backUp();
  assert.deepEqual([code, report.counts.failed], [2, 3]);
  assert.deepEqual(new Set(report.steps.flatMap((step) => step.error?.code ?? [])), new Set(['wrong-password']));
  assert.equal(readFileSync(log, 'utf8'), 'a\n');
});

/** Resolves as soon as restic has written a lock; it then waits a moment to see whether somebody else was faster. */
const locked = (host: ScratchHost): Promise<void> =>
  new Promise((done) => {
    const isThere = (): boolean => host.locks('near').some((name) => /^[0-9a-f]{64}$/.test(name));
    const watcher = watch(host.path('near/locks'), () => {
      if (!isThere()) return;
      watcher.close();
      done();
    });
  });

/** A real restic that holds the repository's exclusive lock, stopped in the middle. */
async function holdExclusively(host: ScratchHost): Promise<ChildProcess> {
  const lock = locked(host);
  const { child } = host.startRestic('near', ['prune']);
  await lock;
  child.kill('SIGSTOP');
  return child;
}

test('a repository that a living restic holds exclusively is busy, and its lock stays', async (t) => {
  const host = hostWith(t);
  await host.backUp();
  const holder = await holdExclusively(host);
  try {
    const busy = await failureOf(host);
    assert.deepEqual([busy.code, busy.outcome, busy.error], [75, 'failed', 'repository-locked']);
    assert.match(busy.message, new RegExp(`^locked exclusively by process ${holder.pid} `));
    assert.match(busy.hint, /Wait for the other process.*holdfast --config \S+ repository unlock near/);
    assert.equal(host.locks('near').length, 1);
  } finally {
    holder.kill('SIGKILL');
  }
});

test('a run waits for a living restic that holds the repository, and says so', async (t) => {
  const host = hostWith(t);
  await host.backUp();
  const holder = await holdExclusively(host);
  const ended = new Promise((gone) => holder.once('close', gone));
  const run = host.start(['run']);
  await run.said(new RegExp(`^Back up notes to near: the repository is locked exclusively by process ${holder.pid} `, 'm'));
  holder.kill('SIGCONT');
  await ended;
  const { code, stdout } = await run.ended;
  assert.equal(code, 0, stdout);
});

test('the exclusive lock of a restic that is dead is cleared and told, and the backup goes on', async (t) => {
  const host = hostWith(t);
  await host.backUp();
  const holder = await holdExclusively(host);
  const gone = new Promise((done) => holder.once('close', done));
  holder.kill('SIGKILL');
  await gone;
  const { code, report } = await host.backUp(['--wait=0']);
  assert.equal(code, 0);
  assert.match(
    stepOf(report, 'backup:notes@near').warnings.join(),
    new RegExp(`^cleared a stale lock: locked exclusively by process ${holder.pid} .*, which is gone$`),
  );
  assert.deepEqual(host.locks('near'), []);
});

test('the lock of a backup that was killed does not stop the next backup', async (t) => {
  const host = hostWith(t);
  host.write('data/notes/big', Buffer.alloc(30_000_000, 1));
  const lock = locked(host);
  const backup = host.startRestic('near', ['backup', '--limit-upload', '1', host.path('data/notes')]);
  await lock;
  backup.child.kill('SIGKILL');
  await backup.ended;
  assert.equal(host.locks('near').length, 1);
  assert.equal((await host.backUp()).code, 0);
});

test('a full disk under the repository is told as such, and what was saved before is still there', async (t) => {
  const host = hostWith(t);
  await host.backUp();
  const [good] = await host.snapshots('near');
  host.write('data/notes/noise', randomBytes(8_000_000));
  const under = withTmpfs(host.path('near'), '4m');
  const { code, report } = await host.backUp([], { under });
  const step = stepOf(report, 'backup:notes@near');
  assert.deepEqual([code, step.outcome, step.error?.code], [2, 'failed', 'no-space'], JSON.stringify(step));
  assert.match(step.error?.message ?? '', /no space left on device/);
  assert.match(step.error?.hint ?? '', /Free some space/);
  assert.match(readFileSync(host.path('near.left'), 'utf8'), new RegExp(`snapshots/${good?.id}\n`));
  assert.equal(lastComplete(host), good?.id);
  assert.deepEqual(host.leftovers(), []);
});

test('two runs into one repository at once both succeed', async (t) => {
  const host = hostWith(t);
  host.addService('mail');
  const [one, two] = await Promise.all([host.backUp(), host.backUp()]);
  assert.deepEqual([one.code, two.code], [0, 0], one.stderr + two.stderr);
  assert.equal((await host.snapshots('near')).length, 4);
  assert.deepEqual(host.leftovers(), []);
});

test('no more backups run into a repository at once than it allows, and different repositories go side by side', async (t) => {
  const host = scratchHost(t);
  host.addRepository('one');
  host.addRepository('three', { concurrency: 3 });
  // Each hook says how many backups into its repository are under way: it holds a shared lock and counts the others.
  const count = host.script(
    'count',
    `d=${host.path('now')}; mkdir -p $d; touch $d/$HOLDFAST_SERVICE.$$; sleep 0.3; ls $d | wc -l >> ${host.path('seen')}; rm $d/$HOLDFAST_SERVICE.$$`,
  );
  for (const name of ['a', 'b', 'c', 'd'])
    host.addService(name, undefined, { hooks: { before: [[count]] }, repository: 'one' });
  assert.equal((await host.backUp()).code, 0);
  assert.deepEqual(new Set(readFileSync(host.path('seen'), 'utf8').trim().split('\n')), new Set(['1']));
  rmSync(host.path('seen'));
  for (const name of ['a', 'b', 'c', 'd'])
    host.addService(name, undefined, { hooks: { before: [[count]] }, repository: 'three' });
  assert.equal((await host.backUp()).code, 0);
  const seen = readFileSync(host.path('seen'), 'utf8').trim().split('\n').map(Number);
  assert.ok(Math.max(...seen) === 3 || Math.max(...seen) === 2, `at once: ${seen.join(' ')}`);
});
