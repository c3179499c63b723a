// Locks of restics that died: what may be cleared is, and nobody else on the host is harmed by it. With real restic.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { asOrdinaryUser, NOBODY, type ScratchHost, scratchHost, stepOf, type Started } from '../support/cli.ts';

function hostWith(t: TestContext): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('notes');
  return host;
}

/** A process that has nothing to do with restic; `end` answers with the signal that it died of, SIGTERM if it lived till now. */
function stranger(t: TestContext): { readonly pid: number; end(): Promise<NodeJS.Signals | null> } {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  const end = async (): Promise<NodeJS.Signals | null> => {
    child.kill('SIGTERM');
    await exited;
    return child.signalCode;
  };
  return { pid: child.pid ?? 0, end };
}

/** A restic that holds a lock of its own until it is killed. */
async function livingRestic(host: ScratchHost, repository: string): Promise<Started & { readonly pid: number }> {
  const slow = ['sh', '-c', 'echo reading >&2; exec sleep 600'];
  const started = host.startRestic(repository, ['backup', '--stdin-from-command', '--', ...slow]);
  await started.said(/reading/);
  return { ...started, pid: started.child.pid ?? 0 };
}

test('a young lock whose number a stranger has got by now stays, and so does the stranger: it is told why, and until when', async (t) => {
  const host = hostWith(t);
  const other = stranger(t);
  const lock = host.forgeLock('near', { pid: other.pid, minutes: 5, exclusive: true });
  const why = `process ${other.pid} \\(root\\) on \\S+ is gone, but sleep has its number now, .* by its age it will be in 2\\dm`;

  const unlock = await host.run(['repository', 'unlock', 'near']);
  assert.equal(unlock.code, 2, unlock.stderr);
  assert.match(unlock.stdout, new RegExp(`error: .*${why}\nhint: Nothing needs to be done: try again in 2\\dm\\.`));

  const run = await host.backUp(['--wait=0']);
  assert.deepEqual([run.code, stepOf(run.report, 'backup:notes@near').error?.code], [75, 'repository-locked']);
  assert.match(run.stderr, new RegExp(`: the repository is locked exclusively by .*; its stale locks stay: ${why}\n`));

  assert.deepEqual(host.locks('near'), [lock]);
  assert.equal(await other.end(), 'SIGTERM');
});

test('an old lock is cleared whoever has its number by now, and the work goes on', async (t) => {
  const host = hostWith(t);
  const other = stranger(t);
  host.forgeLock('near', { pid: other.pid, minutes: 31, exclusive: true });
  const { code, report } = await host.backUp(['--wait=0']);
  assert.equal(code, 0);
  const warned = stepOf(report, 'backup:notes@near').warnings.join();
  assert.match(warned, new RegExp(`^cleared a stale lock: locked exclusively by process ${other.pid} .*, which is gone$`));
  assert.deepEqual(host.locks('near'), []);
  host.forgeLock('near', { pid: other.pid, minutes: 31 });
  assert.equal((await host.run(['repository', 'unlock', 'near'])).code, 0);
  assert.deepEqual(host.locks('near'), []);
  assert.equal(await other.end(), 'SIGTERM');
});

test("another host's lock is cleared when it is old", async (t) => {
  const host = hostWith(t);
  host.forgeLock('near', { pid: 1, minutes: 31, exclusive: true, host: 'elsewhere' });
  const { code, report } = await host.backUp(['--wait=0']);
  assert.equal(code, 0);
  assert.match(
    stepOf(report, 'backup:notes@near').warnings.join(),
    /^cleared a stale lock; the repository was locked exclusively by process 1 \(root\) on elsewhere for 3\dm/,
  );
});

test('the lock of a restic that was suspended stays, however old it is', async (t) => {
  const host = hostWith(t);
  const holder = await livingRestic(host, 'near');
  const old = host.forgeLock('near', { pid: holder.pid, minutes: 40 });
  const unlock = await host.run(['repository', 'unlock', 'near']);
  assert.equal(unlock.code, 2, unlock.stderr);
  assert.match(
    unlock.stdout,
    new RegExp(`process ${holder.pid} .* is alive and seems to be suspended: .* refreshed 4\\dm ago`),
  );
  assert.match(unlock.stdout, new RegExp(`kill -CONT ${holder.pid}`));
  assert.ok(host.locks('near').includes(old));
  assert.equal(host.locks('near').length, 2);
});

test('where clearing fails, the lock is what is told, and why it stays', async (t) => {
  const host = hostWith(t);
  const gone = stranger(t);
  await gone.end();
  host.forgeLock('near', { pid: gone.pid, minutes: 5, exclusive: true });
  const refusing = `case "$*" in *unlock*) echo 'Fatal: not today' >&2; exit 1;; esac; exec restic "$@"`;
  const env = { HOLDFAST_RESTIC: host.script('refusing-restic', refusing) };
  const { code, report, stderr } = await host.backUp(['--wait=0'], { env });
  assert.deepEqual([code, stepOf(report, 'backup:notes@near').error?.code], [75, 'repository-locked']);
  assert.match(stderr, /the repository is locked exclusively by .*; its stale locks stay: not today\n/);
});

test("an ordinary user does not clear the lock of another user's living restic", async (t) => {
  if (asOrdinaryUser().length === 0) return; // nobody else can start both
  const host = hostWith(t);
  host.addRepository('far');
  const holder = await livingRestic(host, 'far');
  const lock = host.forgeLock('near', { pid: holder.pid, minutes: 2 });
  host.giveTo(NOBODY);
  const unlock = await host.run(['repository', 'unlock', 'near'], { under: asOrdinaryUser() });
  assert.equal(unlock.code, 2, unlock.stderr);
  assert.match(unlock.stdout, new RegExp(`process ${holder.pid} .* seems to be alive[^]*hint: Run as root`));
  assert.deepEqual(host.locks('near'), [lock]);
});
