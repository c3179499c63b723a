// What every kind of host must do. One host serves all of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../../lab/host.ts';
import { duration } from '../../src/domain/duration.ts';

export interface HostContract {
  readonly skip: string | false;
  /** The host that all tests share. It was made with `FILES`. */
  host(): Host;
  /** What is written with `sync`, and what without, after a power cut. */
  readonly keepsUnsynced: boolean;
}

/** `Make me with these`, says the contract. */
export const FILES = {
  // Wanted by name: a drop-in is a plain file, and a link would not be.
  '/etc/systemd/system/multi-user.target.d/early.conf': '[Unit]\nWants=early.service\n',
  '/etc/systemd/system/early.service': `[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/bin/early
ExecStop=/usr/bin/touch /srv/ended-in-order
`,
  '/usr/local/bin/early': { content: '#!/bin/sh\necho started with the host\n', mode: 0o755 },
} as const;

export function hostContract({ skip, keepsUnsynced, ...contract }: HostContract): void {
  const host = (): Host => contract.host();
  test('a host is a Debian with systemd in charge, and everything in it has started', { skip }, async () => {
    assert.equal(await host().tell('systemctl', 'is-system-running'), 'running');
    assert.equal(await host().tell('cat', '/proc/1/comm'), 'systemd');
    assert.match(await host().read('/etc/os-release'), /VERSION_CODENAME=trixie/);
    assert.equal(await host().tell('hostname'), host().name);
  });

  test('files are there before systemd starts, with their modes, and directories keep theirs', { skip }, async () => {
    assert.match(await host().journal('early.service'), /^started with the host$/m);
    assert.equal(await host().tell('stat', '--format=%a', '/usr/local/bin/early', '/root'), '755\n700');
  });

  test('the release of this checkout is installed', { skip }, async () => {
    assert.match(await host().tell('holdfast', '--version'), /^\d+\.\d+\.\d+/);
    assert.match(await host().tell('restic', 'version'), /^restic 0\.1[89]/);
  });

  test('a command gets its arguments and its input as they are, and nothing of our environment', { skip }, async () => {
    const odd = ['a b', '$HOME', "it's", '*', '', 'ü\n'];
    const { stdout } = await host().exec(['printf', '<%s>', ...odd]);
    assert.equal(stdout, odd.map((word) => `<${word}>`).join(''));
    const input = `${'ä'.repeat(100_000)}\n`;
    assert.equal((await host().exec(['cat'], { stdin: input })).stdout, input);
    const environment = await host().tell('env');
    assert.deepEqual(
      new Set(environment.split('\n').map((line) => line.split('=')[0])),
      new Set(['PATH', 'HOME', 'USER', 'LANG']),
    );
    assert.equal((await host().sh('echo "$GREETING $1"', ['you'], { env: { GREETING: 'hello' } })).stdout, 'hello you\n');
  });

  test('a command that fails is an error with its last words, unless any exit code is welcome', { skip }, async () => {
    const fails = ['sh', '-c', 'echo out; echo why >&2; exit 3'] as const;
    await assert.rejects(host().exec(fails), { code: 'failed', message: /ended with 3: out\nwhy/ });
    assert.deepEqual(await host().exec(fails, { anyExit: true }), { exitCode: 3, stdout: 'out\n', stderr: 'why' });
  });

  test('a command that does not end is ended at its time limit, with what it started', { skip }, async () => {
    const endless = host().sh('sleep 1000 & echo $! >/run/endless; wait', [], { timeout: duration(3, 's') });
    await assert.rejects(endless, { code: 'timed-out' });
    await host().sh('while kill -0 "$1" 2>/dev/null; do sleep 0.05; done', [(await host().read('/run/endless')).trim()]);
  });

  test('text is written as it is, whatever was there before', { skip }, async () => {
    const text = `${'line with "quotes", $dollars and \\\\\n'.repeat(1000)}no newline at the end`;
    await host().write('/srv/new/directory/file', 'before');
    await host().write('/srv/new/directory/file', text, 0o600);
    assert.equal(await host().read('/srv/new/directory/file'), text);
    assert.equal(await host().tell('stat', '--format=%a', '/srv/new/directory/file'), '600');
    await assert.rejects(host().read('/srv/nothing'), /No such file/);
  });

  test('after an orderly end everything that was written is there', { skip }, async () => {
    await host().write('/srv/kept', 'kept');
    await host().shutdown();
    await assert.rejects(host().tell('true'), /does not run/);
    await assert.rejects(host().shutdown(), /does not run/);
    const booting = host().boot();
    await assert.rejects(host().boot(), /boots already/);
    await booting;
    await assert.rejects(host().boot(), /runs already/);
    assert.equal(await host().read('/srv/kept'), 'kept');
    await host().exec(['rm', '/srv/ended-in-order']);
    assert.match(await host().journal('early.service'), /^started with the host$/m);
  });

  const rest = keepsUnsynced
    ? 'also what was not synced: its files are those of this machine'
    : 'and not what was not synced';
  test(`after a power cut what was synced is there, ${rest}`, { skip }, async () => {
    await host().sh('echo synced >/srv/synced && sync && echo not >/srv/unsynced');
    await host().powerCut();
    await assert.rejects(host().tell('true'), /does not run/);
    await host().boot();
    await assert.rejects(host().exec(['ls', '/srv/ended-in-order']), /No such file/);
    assert.equal(await host().read('/srv/synced'), 'synced\n');
    const { stdout } = await host().sh('cat /srv/unsynced', [], { anyExit: true });
    assert.equal(stdout, keepsUnsynced ? 'not\n' : '');
  });
}
