// Timers of backups that are held around a deployment, and started again whatever happens.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { eventually } from './support/eventually.ts';
import { install } from './support/gate-units.ts';

const skip = missingFor('container');

/** Two are active, one is not, and one starts nothing of the gate. */
const TIMERS = ['a', 'b', 'idle', 'other'];
const HELD = ['a.timer', 'b.timer'];

let lab: Lab;
let host: Container;

before(async () => {
  if (skip) return;
  lab = await openLab();
  host = await lab.container({
    name: 'forge',
    files: Object.fromEntries(
      TIMERS.map((name) => [
        `/etc/systemd/system/${name}.timer`,
        '[Timer]\nOnCalendar=2099-01-01\n[Install]\nWantedBy=timers.target\n',
      ]),
    ),
  });
  await install(
    host,
    TIMERS.map((name) => ({ name })),
  );
  const stages = [{ name: 'Applications', units: ['a.service', 'b.service', 'idle.service'] }];
  await host.write(
    '/etc/holdfast/holdfast.yaml',
    JSON.stringify({ version: 1, host: 'forge', gate: { default: { stages } } }),
  );
});
beforeEach(async () => {
  await host?.sh('systemctl reset-failed; systemctl stop idle.timer; systemctl start a.timer b.timer other.timer');
});
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

const active = async (): Promise<string[]> => {
  const list = await host.tell('systemctl', 'list-units', '--type=timer', '--state=active', '--plain', '--no-legend');
  const names = list.split('\n').map((line) => line.split(' ')[0] ?? '');
  return names.filter((name) => TIMERS.some((timer) => name === `${timer}.timer`)).toSorted();
};
const ALL = ['a.timer', 'b.timer', 'other.timer'];
const holdfast = (...args: readonly string[]): ReturnType<Container['exec']> =>
  host.exec(['holdfast', ...args], { anyExit: true });

test(
  'a hold stops the active timers of the gate and no others, and its release starts exactly those',
  { skip },
  async () => {
    const held = await holdfast('gate', 'hold', '--for', '1h');
    assert.equal(held.exitCode, 0, held.stderr);
    assert.deepEqual(await active(), ['other.timer']);
    const status = await holdfast('status');
    assert.match(
      status.stdout,
      /^! timers of backups are on hold since \S+\s+until\s+\S+: a\.timer, b\.timer\n\s+holdfast gate release/m,
    );

    const released = await holdfast('gate', 'release');
    assert.equal(released.exitCode, 0, released.stderr);
    assert.deepEqual(await active(), ALL);
    assert.doesNotMatch((await holdfast('status')).stdout, /on hold/);
    assert.equal(await host.tell('sh', '-c', 'systemctl list-units --plain --no-legend "holdfast-gate-release*"'), '');
    const again = await holdfast('gate', 'release');
    assert.deepEqual([again.exitCode, /no timer is held/.test(again.stdout)], [0, true]);
  },
);

test('a dry run of a hold holds nothing', { skip }, async () => {
  const dry = await holdfast('gate', 'hold', '--dry-run');
  assert.deepEqual([dry.exitCode, /nothing was changed/.test(dry.stdout)], [0, true], dry.stdout);
  assert.deepEqual(await active(), ALL);
});

test('a hold ends by itself when its time is over', { skip }, async () => {
  assert.equal((await holdfast('gate', 'hold', '--for', '1s')).exitCode, 0);
  assert.deepEqual(await active(), ['other.timer']);
  await eventually(async () => (await active()).length === ALL.length);
  await eventually(async () => !(await holdfast('status')).stdout.includes('on hold'));
});

test('a second hold is one hold, for as long as the second says', { skip }, async () => {
  await holdfast('gate', 'hold', '--for', '1h');
  await host.sh('systemctl start a.timer');
  const second = await holdfast('gate', 'hold', '--for', '1d');
  assert.equal(second.exitCode, 0, second.stderr);
  assert.match(second.stdout, /^ {2}a\.timer\n {2}b\.timer\n {2}until /);
  assert.deepEqual(await active(), ['other.timer']);
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  assert.match((await holdfast('status')).stdout, new RegExp(`until\\s+${tomorrow}`));
  const releases = await host.tell('systemctl', 'list-units', '--plain', '--no-legend', 'holdfast-gate-release-*.timer');
  assert.equal(releases.split('\n').length, 1, releases);
  assert.equal((await holdfast('gate', 'release')).exitCode, 0);
  assert.deepEqual(await active(), ALL);
});

test('a hold outlives a boot only in the record: its release starts what the boot did not', { skip }, async () => {
  await host.sh('systemctl enable --quiet a.timer');
  await holdfast('gate', 'hold', '--for', '1h');
  await host.shutdown();
  await host.boot();
  assert.deepEqual(await active(), ['a.timer'], 'those that are enabled');
  assert.match((await holdfast('status')).stdout, /on hold/);
  assert.equal((await holdfast('gate', 'release')).exitCode, 0);
  assert.deepEqual(await active(), HELD);
});

test('a hold that was forgotten is a problem of its own', { skip }, async () => {
  await holdfast('gate', 'hold', '--for', '1s');
  await host.sh('systemctl stop "holdfast-gate-release-*.timer"');
  await eventually(async () => (await holdfast('status')).stdout.includes('was to end'));
  assert.equal((await holdfast('status', '--check')).exitCode, 1);
  await holdfast('gate', 'release');
  assert.equal((await holdfast('status', '--check')).exitCode, 0);
});

test('timers are held while a command runs after the gate, and started again when it fails', { skip }, async () => {
  const list = 'systemctl list-units --type=timer --state=active --plain --no-legend | cut -d" " -f1; exit 3';
  const { exitCode, stdout } = await holdfast('gate', 'run', '--hold', '--', 'sh', '-c', list);
  assert.equal(exitCode, 3, stdout);
  const during = stdout.split('\n');
  assert.ok(during.includes('other.timer') && !during.includes('a.timer') && !during.includes('b.timer'), stdout);
  assert.deepEqual(await active(), ALL);
});

test(
  'a gate that is killed while it holds timers leaves them on record, and the next start has them started',
  { skip },
  async () => {
    const running = host.sh(
      'holdfast gate run --hold -- sh -c "echo $$ >/run/deploy.pid; exec sleep 600" & echo $! >/run/gate.pid; wait $!',
      [],
      { anyExit: true },
    );
    await eventually(
      async () =>
        (await active()).length === 1 && (await host.sh('test -s /run/deploy.pid', [], { anyExit: true })).exitCode === 0,
    );
    await host.sh('kill -9 $(cat /run/gate.pid); pkill -f "sleep 60[0]" || :');
    await running;
    assert.deepEqual(await active(), ['other.timer']);
    assert.match((await holdfast('status')).stdout, /held-timers/);
    const release = await holdfast('gate', 'release');
    assert.equal(release.exitCode, 0, release.stderr);
    assert.match(release.stderr, /cleaned up after run .*: held-timers/);
    assert.deepEqual(await active(), ALL);
  },
);

test('nothing is held where no timer is active', { skip }, async () => {
  await host.sh('systemctl stop a.timer b.timer');
  const nothing = await holdfast('gate', 'hold');
  assert.deepEqual([nothing.exitCode, /no timer of a backup is active/.test(nothing.stdout)], [0, true]);
});

test('a timer that cannot be started keeps no other from it, and stays on record until it can', { skip }, async () => {
  await holdfast('gate', 'hold', '--for', '1h');
  await host.sh('mv /etc/systemd/system/a.service /run; systemctl daemon-reload'); // what a deployment may do
  const failed = await holdfast('gate', 'release');
  assert.equal(failed.exitCode, 2);
  assert.match(failed.stdout, /a\.timer/);
  assert.deepEqual(await active(), ['b.timer', 'other.timer']);
  assert.match((await holdfast('status')).stdout, /on hold/);
  await host.sh('mv /run/a.service /etc/systemd/system; systemctl daemon-reload; systemctl reset-failed');
  assert.equal((await holdfast('gate', 'release')).exitCode, 0);
  assert.deepEqual(await active(), ALL);
});

test('a hold ends by itself also when the configuration cannot be read any more', { skip }, async () => {
  await host.sh('cp /etc/holdfast/holdfast.yaml /run/spare.yaml');
  await host.sh('ln -s /opt/holdfast/holdfast.js /run/backup-orchestrator'); // nor does the name matter
  const held = await host.exec(['/run/backup-orchestrator', '--config', '/run/spare.yaml', 'hold', '--for', '1s']);
  assert.equal(held.exitCode, 0);
  await host.write('/run/spare.yaml', 'garbage');
  await eventually(async () => (await active()).length === ALL.length);
});
