// holdfast units and what else looks at a host, typed by somebody who is not root.

import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { asOrdinaryUser, scratchHost, type ScratchHost } from '../support/cli.ts';

const skip = process.getuid?.() === 0 ? false : 'needs another user';

/** A host whose configuration everybody may read, and that says nothing of its state directory. */
function openHost(t: TestContext): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  host.repositories['far'] = { url: 'rest:http://127.0.0.1:1/', credential: 'far-password' };
  host.addService('app');
  host.configure({ stateDir: undefined });
  chmodSync(host.root, 0o755);
  return host;
}

/** Root has recorded something on this machine, and nobody else may look into it. */
const onHostOfRoot = (): string[] => {
  const prepare = [
    'mount -t tmpfs none /var/lib && mkdir -m 700 /var/lib/holdfast',
    'mount -t tmpfs none /run && mkdir -m 700 /run/credstore',
    'exec "$@"',
  ].join(' && ');
  return ['unshare', '--mount', 'sh', '-c', prepare, 'sh', ...asOrdinaryUser()];
};

test('the units of a host are the same whoever asks for them', { skip }, async (t) => {
  const host = openHost(t);
  const [own, root] = [
    await host.run(['--json', 'units', 'write'], { under: asOrdinaryUser() }),
    await host.run(['--json', 'units', 'write']),
  ];
  assert.equal(own.code, 0, own.stderr);
  assert.deepEqual(JSON.parse(own.stdout), JSON.parse(root.stdout));
});

test('a check by another user goes without the record that is not for him', { skip }, async (t) => {
  const { code, stdout, stderr } = await openHost(t).run(['--json', 'units', 'check'], { under: onHostOfRoot() });
  assert.equal(code, 2, stderr);
  const { findings } = JSON.parse(stdout) as { findings: { kind: string }[] };
  const kinds = new Set(findings.map(({ kind }) => kind));
  assert.ok(kinds.has('missing') && kinds.has('not-seen'), stdout);
  assert.ok(!kinds.has('no-credential'), 'its store is closed to him');
});

test("an empty record of one's own does not pass for that of the host", { skip }, async (t) => {
  const host = openHost(t);
  const { stdout, stderr } = await host.run(['metrics'], { under: onHostOfRoot() });
  assert.match(stdout, /restic_backup_status/);
  assert.match(stderr, /nothing is on record for this user .*: what root runs is in \/var\/lib\/holdfast/);
  const root = await host.run(['--state-dir', host.path('new'), 'metrics']);
  assert.doesNotMatch(root.stderr, /nothing is on record/);
});

test('no timers are made with a schedule that systemd itself never comes to in the time zone of the host', async (t) => {
  const host = openHost(t);
  host.addService('app', {}, { frequency: '*-09-12/12' });
  const there = { env: { TZ: 'Australia/Lord_Howe' } };
  assert.equal((await host.run(['config', 'check'], there)).code, 0, 'it is a schedule');
  assert.equal((await host.run(['units', 'write'], { env: { TZ: 'UTC' } })).code, 0);
  const { code, stderr } = await host.run(['units', 'write'], there);
  assert.equal(code, 78);
  assert.match(stderr, /systemd does not understand '\*-09-12\/12', or never comes to it here: run:app\n/);
});
