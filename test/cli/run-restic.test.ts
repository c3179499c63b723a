// A restic that is missing, old, odd or lying. Stand-ins here are for failures only: every success is of the real one.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { type ScratchHost, scratchHost, stepOf } from '../support/cli.ts';

const VERSION = `echo '{"message_type":"version","version":"0.18.0","go_version":"go1","go_os":"linux","go_arch":"amd64"}'`;

function hostWith(t: TestContext): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('app');
  return host;
}

interface Failure {
  readonly code: number | null;
  readonly outcome: string;
  readonly error: string | undefined;
  readonly message: string;
  readonly hint: string;
}

/** What becomes of app@near when HOLDFAST_RESTIC is a script of this body; never a success, never evidence. */
async function failureWith(host: ScratchHost, body: string): Promise<Failure> {
  const HOLDFAST_RESTIC = body === '' ? '/nowhere/restic' : host.script('restic', body);
  const { code, report } = await host.backUp([], { env: { HOLDFAST_RESTIC } });
  const step = stepOf(report, 'backup:app@near');
  assert.equal(step.result, null);
  using journal = host.journal();
  assert.deepEqual(journal.evidence({ service: 'app', kind: 'backup', limit: 1 }), []);
  assert.deepEqual(host.leftovers(), []);
  const { code: error, message = '', hint } = step.error ?? {};
  return { code, outcome: step.outcome, error, message, hint: hint ?? '' };
}

const onBackup = (body: string): string => `case "$*" in *version*) ${VERSION};; *) ${body};; esac`;

test('a restic that is missing or too old blocks every job, with the way to a suitable one', async (t) => {
  const host = hostWith(t);
  const missing = await failureWith(host, '');
  assert.deepEqual([missing.code, missing.outcome, missing.error], [2, 'blocked', 'tool-missing']);
  assert.match(missing.hint, /Install restic 0\.18\.0 or newer/);
  const old = await failureWith(host, 'echo "restic 0.14.0 compiled with go1.19.8 on linux/amd64"');
  assert.deepEqual([old.code, old.outcome, old.error], [2, 'blocked', 'tool-too-old']);
  assert.equal(old.message, 'it is 0.14.0, and Holdfast needs 0.17.0 or newer');
  const odd = await failureWith(host, 'echo "hello there"');
  assert.deepEqual([odd.code, odd.outcome, odd.error], [2, 'blocked', 'tool-output']);
  assert.match(odd.message, /does not say which version it is: "hello there"/);
});

test('a summary that never came, garbage, or exit 0 without a word is a failure', async (t) => {
  const host = hostWith(t);
  const silent = await failureWith(host, onBackup('exit 0'));
  assert.deepEqual([silent.code, silent.outcome, silent.error], [2, 'failed', 'tool-output']);
  assert.match(silent.message, /without a summary that names a snapshot/);
  const garbage = await failureWith(host, onBackup('head -c 100000 /dev/urandom; exit 0'));
  assert.deepEqual([garbage.code, garbage.error], [2, 'tool-output']);
  const cut = await failureWith(host, onBackup(`restic "$@" | grep -v summary; exit 0`));
  assert.deepEqual([cut.code, cut.error], [2, 'tool-output']);
  const nameless = await failureWith(host, onBackup(`restic "$@" | sed 's/"snapshot_id":"[0-9a-f]*"/"snapshot_id":""/'`));
  assert.deepEqual([nameless.code, nameless.error], [2, 'tool-output']);
  assert.ok(cut.hint !== '' && silent.hint !== '', 'no way on is told');
});

test('a restic that hangs is ended by the timeout of its job, with everything that it started', async (t) => {
  const host = hostWith(t);
  host.configure({ defaults: { timeout: '1s' } });
  const hanging = await failureWith(
    host,
    onBackup(`echo $$ > ${host.path('pid')}; echo "waiting for godot" >&2; sleep 600`),
  );
  assert.deepEqual(
    [hanging.code, hanging.outcome, hanging.error, hanging.message],
    [2, 'timed-out', 'timed-out', 'did not finish within 1s'],
  );
});

test('a snapshot that restic reported and the repository does not hold is a failure', async (t) => {
  const host = hostWith(t);
  const lost = await failureWith(host, onBackup(`restic "$@"; code=$?; rm ${host.path('near/snapshots')}/*; exit $code`));
  assert.deepEqual([lost.code, lost.outcome, lost.error], [2, 'failed', 'snapshot-missing']);
  assert.match(lost.message, /^restic reported snapshot [0-9a-f]{8}, but the repository does not hold it$/);
  assert.deepEqual(readdirSync(host.path('near/snapshots')), []);
});

test('a summary beside a failing exit code is no success', async (t) => {
  const host = hostWith(t);
  const failed = await failureWith(host, onBackup(`restic "$@"; echo "Fatal: the end of it was lost" >&2; exit 1`));
  assert.deepEqual([failed.code, failed.outcome, failed.message], [2, 'failed', 'the end of it was lost']);
});

test('a restic that is killed by somebody is told as that, and the next run is well', async (t) => {
  const host = hostWith(t);
  const killed = await failureWith(host, onBackup('kill -KILL $$'));
  assert.deepEqual([killed.code, killed.outcome, killed.message], [2, 'failed', 'restic was killed (SIGKILL)']);
  assert.match(killed.hint, /ran out of memory/);
  assert.equal((await host.backUp()).code, 0);
});
