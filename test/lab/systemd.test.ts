// Holdfast under a real systemd: what a unit sees of a run, and what a run sees of being stopped.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { configure, holdfast, restic } from './support/holdfast-on.ts';

const skip = missingFor('container');
const UNIT = 'holdfast-run@notes.service';

/** Until `holdfast units` writes them. */
const SERVICE = `[Unit]
Description=Back up %i
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=/usr/local/bin/holdfast run %i
KillMode=mixed
`;
const TIMER = `[Unit]
Description=Back up %i, a second after it was started

[Timer]
OnActiveSec=1s
AccuracySec=100ms
`;

let lab: Lab;
let host: Container;

before(async () => {
  if (skip) return;
  lab = await openLab();
  host = await lab.container({
    name: 'forge',
    files: {
      '/etc/systemd/system/holdfast-run@.service': SERVICE,
      '/etc/systemd/system/holdfast-run@.timer': TIMER,
      '/srv/notes/a.txt': 'a note',
    },
  });
});
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** One service in a repository that takes so much in a second. */
async function declare(
  upload = '200MiB/s',
  paths: readonly string[] = ['/srv/notes'],
  protection: Readonly<Record<string, number>> = {},
): Promise<void> {
  await configure(host, {
    repositories: { near: { url: '/srv/near', limits: { upload } } },
    services: { notes: { backup: { paths }, protection } },
  });
}

/** `Result` and exit code of its last run. */
const seen = (): Promise<string> => host.tell('systemctl', 'show', '--property=Result,ExecMainStatus', '--value', UNIT);

const start = async (): Promise<number> => (await host.exec(['systemctl', 'start', UNIT], { anyExit: true })).exitCode;

test(
  'the release runs where there is nothing else of it: the repository is made, and the service backed up by a timer',
  { skip },
  async () => {
    await declare();
    assert.equal((await holdfast(host, ['repository', 'init', 'near'])).exitCode, 0);
    await host.exec(['systemctl', 'start', 'holdfast-run@notes.timer']);
    const finished = ['journalctl', '--follow', '--lines=all', `--unit=${UNIT}`, '--output=cat', '--grep=^Finished'];
    await host.sh('timeout 60 "$@" | grep -q -m 1 .', finished);
    assert.equal(await seen(), 'success\n0');
    const journal = await host.journal(UNIT);
    assert.match(journal, /^✓ +Back up notes to near .*1 changed/m);
    assert.match(journal, /^run succeeded: 2 of 2 succeeded/m);
    assert.doesNotMatch(journal, /Killing process/, 'a run leaves no process behind for systemd to end');
    assert.match(await restic(host, '/srv/near', ['ls', '--tag', 'holdfast:job=notes', 'latest']), /\/srv\/notes\/a\.txt/);
  },
);

for (const [title, paths, status] of [
  ['1 when something declared is not there', ['/srv/notes', '/srv/gone'], '1'],
  ['2 when nothing of it is there', ['/srv/gone'], '2'],
  ['78 when the configuration is wrong', ['relative'], '78'],
] as const) {
  test(`systemd sees exit code ${title}, and the journal says why`, { skip }, async () => {
    await declare('200MiB/s', paths);
    assert.notEqual(await start(), 0);
    assert.equal(await seen(), `exit-code\n${status}`);
    assert.match(await host.journal(UNIT), status === '78' ? /relative/ : /\/srv\/gone/);
  });
}

test('a run that systemd stops is interrupted, leaves nothing behind, and the next one succeeds', { skip }, async () => {
  await declare('1MiB/s'); // a run that takes long
  await host.sh('head -c 40M /dev/urandom >/srv/notes/large');
  await host.exec(['systemctl', 'start', '--no-block', UNIT]);
  await host.sh('until ls /srv/near/locks/* >/dev/null 2>&1; do sleep 0.05; done'); // restic has begun
  await host.exec(['systemctl', 'stop', UNIT]);
  assert.equal(await seen(), 'exit-code\n143');
  assert.match(await host.journal(UNIT), /^run interrupted: 0 of 2 succeeded, 2 interrupted/m);
  assert.equal(await host.tell('ls', '/srv/near/locks'), '');
  assert.equal((await host.exec(['pgrep', '-x', 'restic'], { anyExit: true })).exitCode, 1);
  const { stdout } = await holdfast(host, ['history', '--limit', '1']);
  assert.match(stdout, /"outcome":\s*"interrupted"/);
  await declare();
  assert.equal(await start(), 0);
  assert.equal(await seen(), 'success\n0');
  assert.match(await restic(host, '/srv/near', ['ls', '--tag', 'holdfast:job=notes', 'latest']), /\/srv\/notes\/large/);
});

test('the units of the guide do what it says, as they stand there', { skip }, async () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/first-backup.md'), 'utf8');
  const units = [...guide.matchAll(/```ini\n# (\/etc\/systemd\/system\/\S+)\n([^]*?)```/g)];
  assert.deepEqual(units.map(([, path]) => path).toSorted(byCodePoint), [
    '/etc/systemd/system/holdfast.service',
    '/etc/systemd/system/holdfast.timer',
  ]);
  for (const [, path = '', text = ''] of units) await host.write(path, text);
  await declare('200MiB/s', ['/srv/notes'], { copies: 2, media: 1, offsite: 0 });
  await host.exec(['systemd-analyze', 'verify', 'holdfast.service', 'holdfast.timer']);
  await host.exec(['systemctl', 'enable', '--now', 'holdfast.timer']);
  assert.match(await host.tell('systemctl', 'list-timers', '--no-pager'), /holdfast\.timer/);
  await host.exec(['systemctl', 'start', 'holdfast.service']);
  const journal = await host.journal('holdfast.service');
  assert.match(journal, /^run succeeded/m);
  assert.match(journal, /^retention succeeded/m);
  assert.match(journal, /^verify succeeded/m);
  assert.match(journal, /^drill succeeded/m);
  assert.match(journal, /1 service on forge: 1 protected/);
  await declare('200MiB/s', ['/srv/notes'], { copies: 3 });
  const failed = await host.sh('systemctl start holdfast.service; systemctl show -P Result holdfast.service');
  assert.equal(failed.stdout.trim(), 'exit-code', 'what is at risk fails the unit');
});

const byCodePoint = (a: string | undefined = '', b: string | undefined = ''): number => (a < b ? -1 : 1);
