// The gate over real units of a real systemd: what each of them does is told by its own file, and every verdict by exit code.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import type { Report } from '../../src/domain/report.ts';
import { stepOf } from '../support/cli.ts';
import { eventually } from './support/eventually.ts';
import { FORGE, FORGE_GATE } from './support/forge-units.ts';
import { install, LOG, mostAtOnce, type Section, spans, type UnitText } from './support/gate-units.ts';

const skip = missingFor('container');

/** Units that behave oddly. */
const ODD: readonly UnitText[] = [
  { name: 'x-ok1' },
  { name: 'x-ok2' },
  ...Array.from({ length: 6 }, (_, index) => ({ name: `y-ok${index}` })),
  ...Array.from({ length: 7 }, (_, index) => ({ name: `y-bad${index}`, script: 'exit 3' })),
  { name: 'x-slow', script: 'sleep 600' },
  { name: 'x-short', script: 'sleep 2' },
  { name: 'x-deaf', script: 'trap "" TERM; sleep 600 & while :; do wait; done', service: 'TimeoutStopSec=1s' },
  { name: 'x-condition', unit: 'ConditionPathExists=/nowhere/at/all' },
  { name: 'x-assert', unit: 'AssertPathExists=/nowhere/at/all' },
  { name: 'x-remains', service: 'RemainAfterExit=yes' },
  { name: 'x-own-limit', script: 'sleep 600', service: 'TimeoutStartSec=1s' },
  { name: 'x-killed', script: 'kill -9 $$$$' },
  {
    name: 'x-again',
    script: '[ -e /run/again ] || { touch /run/again; exit 1; }',
    service: 'Restart=on-failure\nRestartSec=200ms',
  },
  { name: 'x-forks', service: 'Type=forking', script: 'sleep 1 & :' },
  { name: 'x-simple', service: 'Type=simple', script: 'sleep 1; exit 4' },
  { name: 'x-needs', unit: 'Requires=y-bad0.service\nAfter=y-bad0.service' },
  { name: 'x-at@', script: 'echo I am %i' },
  { name: 'x-talks', script: 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done; exit 1' },
];

let lab: Lab;
let host: Container;

before(async () => {
  if (skip) return;
  lab = await openLab();
  host = await lab.container({ name: 'forge', fileSystems: { '/srv/small': { type: 'ext4', size: '40MB' } } });
  await install(host, [...FORGE, ...ODD]);
});
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of the verdict. */
  readonly lines: readonly string[];
}

async function configure(shape: Section): Promise<void> {
  await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify({ version: 1, host: 'forge', gate: { default: shape } }));
}

/** A gate of this shape, run now; `LOG` tells what ran. */
async function gate(shape: Section, ...args: readonly string[]): Promise<Answer> {
  await configure(shape);
  await host.sh(`rm -f ${LOG}`);
  const { exitCode, stdout, stderr } = await host.exec(['holdfast', 'gate', ...args], { anyExit: true });
  return { code: exitCode, stdout, stderr, lines: stdout.split('\n').filter((line) => line.startsWith('[')) };
}

const units = (...names: readonly string[]): Section => ({ stages: [{ name: 'Applications', units: names }] });
async function report(shape: Section, ...args: readonly string[]): Promise<Report> {
  await configure(shape);
  await host.sh(`rm -f ${LOG}`);
  const { stdout } = await host.exec(['holdfast', '--json', 'gate', ...args], { anyExit: true });
  return JSON.parse(stdout) as Report; // its shape has a test of its own
}
const state = async (unit: string): Promise<string> =>
  await host.tell('systemctl', 'show', '--value', '-p', 'ActiveState', unit);
const stop = (unit: string): Promise<unknown> =>
  host.sh('systemctl stop "$1"; systemctl reset-failed "$1"', [unit], { anyExit: true });

test('a host where everything succeeds is safe to deploy', { skip }, async () => {
  const { code, lines, stderr } = await gate(FORGE_GATE);
  assert.equal(code, 0, stderr);
  assert.deepEqual(lines, [
    '[INFO] Total services: 15',
    '[INFO] Successful: 15',
    '[INFO] Failed: 0',
    '[INFO] Timed out: 0',
    '[INFO] Skipped (already running): 0',
    '[INFO] All backups completed successfully',
    '[INFO] Safe to deploy',
  ]);
  const ran = await spans(host);
  assert.equal(ran.length, 16, 'and nothing else was started');
  const at = (part: string): typeof ran => ran.filter(({ name }) => name.startsWith(part));
  assert.equal(mostAtOnce(at('syncoid-')), 7, 'all of the replication at once');
  assert.equal(mostAtOnce(at('restic-')), 3, 'three applications at any moment');
  const order = ['sanoid', 'syncoid', 'pgbackrest', 'restic'].map((part) => at(part));
  for (const [index, stage] of order.slice(1).entries()) {
    const ended = Math.max(...(order[index] ?? []).map(({ end }) => Number(end)));
    assert.ok(
      stage.every(({ begin }) => Number(begin) >= ended),
      'a stage begins when the one before has ended',
    );
  }
});

test('one that fails and one that takes too long are told, and are within the threshold', { skip }, async () => {
  await host.sh(
    'mkdir -p /run/broken /run/hangs; touch /run/broken/syncoid-tank-services-prowlarr.service /run/hangs/restic-backup-lidarr.service',
  );
  const { code, lines, stdout } = await gate(FORGE_GATE);
  await host.sh('rm -r /run/broken /run/hangs');
  assert.equal(code, 1);
  assert.deepEqual(lines, [
    '[INFO] Total services: 15',
    '[INFO] Successful: 13',
    '[INFO] Failed: 1',
    '[INFO] Timed out: 1',
    '[INFO] Skipped (already running): 0',
    '[ERROR] Failed services:',
    '[ERROR]   - syncoid-tank-services-prowlarr.service: exit-code',
    '[ERROR] Timed out services:',
    '[ERROR]   - restic-backup-lidarr.service',
    '[WARN] Partial failure: 13% of backups did not complete successfully',
    '[WARN] This is within acceptable threshold for deployment',
  ]);
  assert.match(stdout, /error: restic-backup-lidarr\.service: did not finish within 3s; it was stopped/);
  assert.notEqual(await state('restic-backup-lidarr.service'), 'activating', 'it was stopped');
});

test('snapshots that fail are only warned about', { skip }, async () => {
  await host.sh(
    'mkdir -p /etc/systemd/system/sanoid.service.d; printf "[Service]\\nExecStart=\\nExecStart=/bin/false\\n" >/etc/systemd/system/sanoid.service.d/x.conf; systemctl daemon-reload',
  );
  const { code, lines } = await gate(FORGE_GATE);
  await host.sh('rm -r /etc/systemd/system/sanoid.service.d; systemctl daemon-reload');
  assert.equal(code, 0);
  assert.ok(lines.includes('[INFO] Total services: 15'));
  assert.deepEqual(lines.slice(-4, -2), ['[WARN] Only warned about:', '[WARN]   - sanoid.service: exit-code']);
});

for (const [bad, all, expected] of [
  [1, 2, 1],
  [2, 3, 2],
  [7, 13, 2],
] as const) {
  test(`${bad} of ${all} units failed is exit ${expected}`, { skip }, async () => {
    const names = Array.from({ length: all }, (_, index) => (index < bad ? `y-bad${index}` : `y-ok${index - bad}`));
    const { code, lines } = await gate(units(...names));
    assert.equal(code, expected);
    assert.ok(lines.includes(`[INFO] Failed: ${bad}`));
  });
}

test('a unit that fails is told with its last ten lines', { skip }, async () => {
  const { code, stdout } = await gate(units('x-talks.service', 'x-ok1.service'));
  assert.equal(code, 1);
  assert.match(stdout, /error: x-talks\.service: exit-code: exited with 1\n/);
  const quoted = stdout.split('\n').filter((line) => line.startsWith('  | '));
  assert.ok(quoted.includes('  | line 12') && quoted.includes('  | line 8') && !quoted.includes('  | line 1'), stdout);
  assert.equal(quoted.length, 10);
});

test('what a unit said is told also where journald has not written it yet', { skip }, async () => {
  await configure(units('x-talks.service', 'x-ok1.service'));
  const { stdout } = await host.sh(`journald=$(systemctl show -P MainPID systemd-journald)
trap 'kill -CONT $journald' EXIT
kill -STOP $journald
holdfast gate >/run/late & gate=$!
until pgrep -f '[j]ournalctl .*--sync' || ! kill -0 $gate; do sleep 0.1; done >&2
kill -CONT $journald
wait $gate
cat /run/late`);
  assert.match(stdout, /^ {2}\| line 12$/m);
});

test('with --verbose what the units say streams in, each line with its unit', { skip }, async () => {
  const { stderr } = await gate(units('x-at@one.service', 'x-short.service'), '--verbose');
  assert.match(stderr, /^ {2}x-at@one\.service: I am one$/m);
});

test('each way in which a unit does not do its work is told as what it is', { skip }, async () => {
  await host.sh('systemctl mask --quiet x-masked.service; rm -f /run/again');
  const found = await report({
    stages: [
      {
        name: 'Applications',
        units: [
          'x-condition',
          'x-assert',
          'x-remains',
          'x-own-limit',
          'x-killed',
          'x-again',
          'x-forks',
          'x-simple',
          'x-needs',
          'x-masked',
          'x-nowhere',
          'x-at@two',
          'x-deaf',
          'x-ok1',
        ],
        timeout: '4s',
      },
    ],
  });
  const told = (name: string): string => {
    const { outcome, error, reason } = stepOf(found, `unit:${name}.service`);
    return `${outcome} ${error?.message ?? reason ?? ''}`.trim();
  };
  assert.match(told('x-condition'), /^skipped did not run: ConditionPathExists=\/nowhere\/at\/all/);
  assert.match(told('x-assert'), /^failed assert: AssertPathExists=\/nowhere\/at\/all/);
  assert.equal(told('x-remains'), 'succeeded');
  assert.match(told('x-own-limit'), /^timed-out timeout: /);
  assert.match(told('x-killed'), /^failed signal: .*SIGKILL/);
  assert.equal(told('x-again'), 'succeeded');
  assert.equal(stepOf(found, 'unit:x-again.service').result?.['restarts'], 1);
  assert.equal(told('x-forks'), 'succeeded');
  assert.match(told('x-simple'), /^failed exit-code: exited with 4/);
  assert.match(told('x-needs'), /^failed dependency: /);
  assert.match(told('x-masked'), /^failed masked: /);
  assert.match(told('x-nowhere'), /^failed not-found: /);
  assert.equal(told('x-at@two'), 'succeeded');
  assert.match(told('x-deaf'), /^timed-out did not finish within 4s; it was stopped$/);
  assert.equal(await host.tell('sh', '-c', 'pgrep -f "sleep 60[0]" || :'), '', 'nothing of what was stopped is left');
  const again = await report(units('x-remains'));
  assert.equal(stepOf(again, 'unit:x-remains.service').outcome, 'succeeded');
  assert.equal((await spans(host)).length, 1, 'one that remains active is run again');
});

test('a unit at its start limit is a failure', { skip }, async () => {
  await host.write(
    '/etc/systemd/system/x-limit.service',
    '[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=1\n[Service]\nType=oneshot\nExecStart=/bin/false\n',
  );
  await host.sh('systemctl daemon-reload; systemctl start x-limit || :');
  const { code, lines } = await gate(units('x-limit', 'x-ok1', 'x-ok2'));
  assert.equal(code, 1);
  assert.ok(lines.includes('[ERROR]   - x-limit.service: start-limit-hit'), lines.join('\n'));
});

test('a unit that runs already is skipped with a warning, joined, or a failure, as the stage says', { skip }, async () => {
  const running = (whenRunning: string, more: Section = {}): Section => ({
    stages: [{ name: 'Applications', units: ['x-short', 'x-ok1'], whenRunning, ...more }],
  });
  const began = (): Promise<unknown> =>
    host.sh(`rm -f ${LOG}; systemctl start --no-block x-short; until grep -q x-short ${LOG}; do sleep 0.02; done`);
  await began();
  await configure(running('skip'));
  const skipped = await host.exec(['holdfast', 'gate'], { anyExit: true });
  assert.equal(skipped.exitCode, 0, skipped.stderr);
  assert.match(
    skipped.stdout,
    /\[INFO\] Skipped \(already running\): 1\n.*\[WARN\] Already running:\n\[WARN\] {3}- x-short\.service\n/s,
  );
  await stop('x-short');

  await began();
  await configure(running('fail'));
  const failed = await host.exec(['holdfast', 'gate'], { anyExit: true });
  assert.deepEqual([failed.exitCode, /- x-short\.service: already running$/m.test(failed.stdout)], [1, true], failed.stdout);
  await stop('x-short');

  await began();
  await configure(running('join'));
  assert.equal((await host.exec(['holdfast', 'gate'], { anyExit: true })).exitCode, 0);
  assert.equal(
    (await spans(host)).filter(({ name }) => name === 'x-short.service').length,
    2,
    'it began before the gate: once more',
  );

  await began();
  await configure(running('join', { freshWithin: '1m' }));
  const joined = await host.exec(['holdfast', '--json', 'gate'], { anyExit: true });
  const step = stepOf(JSON.parse(joined.stdout) as Report, 'unit:x-short.service');
  assert.deepEqual([step.outcome, step.result?.['joined']], ['succeeded', true]);
  assert.equal(
    (await spans(host)).filter(({ name }) => name === 'x-short.service').length,
    1,
    'it is fresh: its outcome is taken',
  );
});

test('a unit that somebody else stops was interrupted, and is no success', { skip }, async () => {
  await configure(units('x-slow', 'x-ok1'));
  await host.sh(`rm -f ${LOG}`);
  const running = host.exec(['holdfast', 'gate'], { anyExit: true });
  await eventually(async () => (await spans(host)).some(({ name }) => name === 'x-slow.service'));
  await host.sh('systemctl stop x-slow.service');
  const { exitCode, stdout } = await running;
  assert.equal(exitCode, 1);
  assert.match(stdout, /^\[ERROR\] Interrupted services:\n\[ERROR\] {3}- x-slow\.service: stopped by somebody else$/m);
});

test('successes that are young enough count for units, too', { skip }, async () => {
  await gate(units('x-ok1', 'x-ok2'));
  const { code, lines } = await gate(units('x-ok1', 'x-ok2'), '--fresh-within', '10m');
  assert.equal(code, 0);
  assert.ok(lines.includes('[INFO] Skipped (fresh): 2'), lines.join('\n'));
  assert.deepEqual(await spans(host), []);
});

test('a gate whose units are all gone is a failure; so is each that is missing', { skip }, async () => {
  const none = await gate(units('gone-*.service'));
  assert.equal(none.code, 2);
  assert.equal(none.lines.at(-1), '[ERROR] Nothing was backed up: do not deploy');
  const some = await gate({ stages: [{ name: 'Applications', units: ['x-ok*.service'], expect: 4 }] });
  assert.equal(some.code, 1, 'two of four');
  assert.ok(some.lines.includes('[ERROR]   - Applications: missing 2 of 2: found 2, expected 4'), some.lines.join('\n'));
});

test(
  'what does not hold is told side by side within seconds, also of a mount that never answers, and nothing is started',
  { skip },
  async () => {
    await host.sh(`mkdir -p /mnt/hang; [ -e /dev/fuse ] || mknod /dev/fuse c 10 229
    systemd-run --quiet --unit=hang sh -c 'exec 3<>/dev/fuse; mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 hang /mnt/hang; exec sleep infinity'
    until grep -q " /mnt/hang " /proc/mounts; do sleep 0.05; done`);
    const began = performance.now();
    const { code, lines } = await gate({
      ...units('x-ok1'),
      preflight: [
        { path: '/mnt/hang', mounted: true },
        { path: '/srv/small', mounted: true, minFree: '1GB' },
        { path: '/srv', mounted: true },
        { path: '/srv/nothing' },
      ],
    });
    const took = performance.now() - began;
    await host.sh('systemctl stop hang; umount -l /mnt/hang');
    assert.equal(code, 2);
    const text = lines.join('\n');
    assert.match(text, /- Check \/mnt\/hang: \/mnt\/hang cannot be looked at: no answer within 10 s/);
    assert.match(text, /- Check \/srv\/small: .* MiB are free, 954 MiB are required/);
    assert.match(text, /- Check \/srv: nothing is mounted there/);
    assert.match(text, /- Check \/srv\/nothing: it does not exist/);
    assert.equal(lines.at(-1), '[ERROR] Nothing was started: do not deploy');
    assert.deepEqual(await spans(host), []);
    assert.ok(took < 60_000);
  },
);

for (const stage of [1, 2, 3]) {
  test(`stopped in stage ${stage} of 3 nothing new starts, and what runs goes on`, { skip }, async () => {
    const name = (index: number): string => (index === stage ? 'x-slow' : `y-ok${index}`);
    await configure({ stages: [1, 2, 3].map((index) => ({ name: `Stage ${index}`, units: [name(index)] })) });
    await host.sh(`rm -f ${LOG}`);
    const running = host.sh('holdfast gate & echo $! >/run/gate.pid; wait $!', [], { anyExit: true });
    await eventually(async () => (await spans(host)).some((span) => span.name === 'x-slow.service'));
    await host.sh('kill -TERM $(cat /run/gate.pid)');
    const { exitCode, stdout } = await running;
    assert.equal(exitCode, 143);
    assert.match(stdout, /x-slow\.service: it goes on/);
    assert.equal(await state('x-slow.service'), 'activating');
    assert.equal((await spans(host)).length, stage, 'nothing began after it');
    await stop('x-slow.service');
  });
}

test('with --stop-on-interrupt what runs is stopped', { skip }, async () => {
  await configure(units('x-slow'));
  await host.sh(`rm -f ${LOG}`);
  const running = host.sh('holdfast gate --stop-on-interrupt & echo $! >/run/gate.pid; wait $!', [], { anyExit: true });
  await eventually(async () => (await spans(host)).length === 1);
  await host.sh('kill -INT $(cat /run/gate.pid)');
  assert.equal((await running).exitCode, 130);
  assert.notEqual(await state('x-slow.service'), 'activating');
});
