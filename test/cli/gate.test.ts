// The gate over Holdfast's own jobs, which runs on any machine. No gate here names a unit: a test must not start those of the
// machine that it runs on (units have their own tests in the lab).

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { appears } from '../support/appears.ts';
import { type Ended, fingerprint, ROOT, type ScratchHost, scratchHost, type Section, stepOf } from '../support/cli.ts';

const JOBS: Section = { name: 'Applications', jobs: ['*'] };

/** Two services in one repository, and a gate with these stages. */
function hostWith(t: TestContext, stages: readonly Section[] = [JOBS], gate: Section = {}): ScratchHost {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('alpha');
  host.addService('beta');
  host.configure({ gate: { default: { stages, ...gate } } });
  return host;
}

const lastLines = ({ stdout }: Ended): string[] => stdout.split('\n').filter((line) => line.startsWith('['));
const reportOf = ({ stdout, stderr }: Ended): Report => {
  assert.ok(stdout.startsWith('{'), stdout + stderr);
  return JSON.parse(stdout) as Report; // its shape has a test of its own
};
const outcomes = ({ steps }: Report): string[] => steps.map(({ id, outcome }) => `${id} ${outcome}`);

test('a gate over all services backs them up, says that it is safe, and is in the history', async (t) => {
  const host = hostWith(t);
  const ended = await host.run(['gate']);
  assert.equal(ended.code, 0, ended.stderr);
  assert.deepEqual(lastLines(ended), [
    '[INFO] Total services: 2',
    '[INFO] Successful: 2',
    '[INFO] Failed: 0',
    '[INFO] Timed out: 0',
    '[INFO] Skipped (already running): 0',
    '[INFO] All backups completed successfully',
    '[INFO] Safe to deploy',
  ]);
  assert.equal((await host.snapshots('near')).length, 2);
  assert.match((await host.run(['history'])).stdout, / gate +.*succeeded/);
});

test('one of two failed is acceptable, and the report says which and why', async (t) => {
  const host = hostWith(t);
  host.services['beta'] = { backup: { paths: [host.path('data/beta')], hooks: { before: [['false']] } } };
  const ended = await host.run(['gate']);
  assert.equal(ended.code, 1, ended.stderr);
  assert.deepEqual(lastLines(ended), [
    '[INFO] Total services: 2',
    '[INFO] Successful: 1',
    '[INFO] Failed: 1',
    '[INFO] Timed out: 0',
    '[INFO] Skipped (already running): 0',
    '[ERROR] Failed services:',
    '[ERROR]   - beta@near: false exited with 1',
    '[WARN] Partial failure: 50% of backups did not complete successfully',
    '[WARN] This is within acceptable threshold for deployment',
  ]);
});

test('more failures than the gate tolerates, or one in a critical stage, mean do not deploy', async (t) => {
  const host = hostWith(t, [JOBS], { criticalAbove: '49%' });
  host.services['beta'] = { backup: { paths: [host.path('data/beta')], hooks: { before: [['false']] } } };
  const tooMany = await host.run(['gate']);
  assert.equal(tooMany.code, 2);
  assert.deepEqual(lastLines(tooMany).slice(-2), [
    '[ERROR] Critical failure: 50% of backups did not complete successfully',
    '[ERROR] More than 49% is not acceptable: do not deploy',
  ]);
  host.configure({ gate: { default: { stages: [{ ...JOBS, onFailure: 'critical' }] } } });
  const critical = await host.run(['gate']);
  assert.equal(critical.code, 2);
  assert.equal(lastLines(critical).at(-1), '[ERROR] A critical step did not succeed: do not deploy');
});

test('a failure in a stage that only warns is told and never counted', async (t) => {
  const host = hostWith(t, [
    { name: 'First', jobs: ['beta'], onFailure: 'warn' },
    { name: 'Second', jobs: ['alpha'] },
  ]);
  host.services['beta'] = { backup: { paths: [host.path('data/beta')], hooks: { before: [['false']] } } };
  const ended = await host.run(['gate']);
  assert.equal(ended.code, 0, ended.stdout);
  assert.ok(lastLines(ended).includes('[INFO] Total services: 1'));
  assert.ok(lastLines(ended).includes('[WARN]   - beta@near: false exited with 1'));
});

test('stages run one after the other, also after a failure; one that needs the failed stage does not start', async (t) => {
  const host = hostWith(t, [
    { name: 'First', jobs: ['beta'] },
    { name: 'Second', jobs: ['alpha'] },
    { name: 'Third', jobs: ['gamma'], needs: ['First'] },
  ]);
  host.addService('gamma');
  host.services['beta'] = { backup: { paths: [host.path('data/beta')], hooks: { before: [['false']] } } };
  const report = reportOf(await host.run(['--json', 'gate']));
  const first = stepOf(report, 'backup:beta@near');
  const second = stepOf(report, 'backup:alpha@near');
  assert.deepEqual([first.outcome, second.outcome], ['failed', 'succeeded']);
  assert.ok((first.endedAt ?? '') <= (second.startedAt ?? 'never'), 'the second began when the first had ended');
  const third = stepOf(report, 'backup:gamma@near');
  assert.deepEqual([third.outcome, third.startedAt], ['blocked', null]);
  assert.equal(report.exitCode, 2, 'two of three');
});

test('everything that does not hold is told side by side, and nothing is started', async (t) => {
  const host = hostWith(t, [JOBS], {
    preflight: [
      { path: '/nowhere/at/all' },
      { path: '/tmp', minFree: '900PB' },
      { path: '/', mounted: true },
      { path: '/etc/passwd', mounted: true },
    ],
  });
  rmSync(host.path('near/config'));
  const ended = await host.run(['gate']);
  assert.equal(ended.code, 2);
  const lines = lastLines(ended);
  assert.match(lines.join('\n'), /^\[ERROR\] {3}- Check \/nowhere\/at\/all: it does not exist$/m);
  assert.match(lines.join('\n'), /^\[ERROR\] {3}- Check \/tmp: .* are free, 799 PiB are required$/m);
  assert.match(lines.join('\n'), /^\[ERROR\] {3}- Check \/etc\/passwd: nothing is mounted there$/m);
  assert.match(lines.join('\n'), /^\[ERROR\] {3}- Check that near can be used: .*holds no restic repository/m);
  assert.equal(lines.filter((line) => line.startsWith('[ERROR]   - ')).length, 4, lines.join('\n'));
  assert.equal(lines.at(-1), '[ERROR] Nothing was started: do not deploy');
  assert.ok(lines.includes('[INFO] Not started: 2'));
});

test('a path must be writable, and where that is asked for a mount point of its own', async (t) => {
  const host = hostWith(t);
  const place = host.path('place');
  host.write('place/file', 'x');
  host.configure({ gate: { default: { stages: [JOBS], preflight: [{ path: place, mounted: true }] } } });
  assert.match((await host.run(['gate'])).stdout, /: nothing is mounted there$/m);
  assert.equal((await host.run(['gate'], { under: mounting(place, 'rw') })).code, 0);
  const readOnly = await host.run(['gate'], { under: mounting(place, 'ro') });
  assert.deepEqual([readOnly.code, /: it cannot be written$/m.test(readOnly.stdout)], [2, true], readOnly.stdout);
});

/** What runs a program with a tmpfs there, in a mount namespace of its own. */
const mounting = (directory: string, mode: 'ro' | 'rw'): string[] => [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  '--mount',
  '--propagation=private',
  'sh',
  '-c',
  'mount -t tmpfs -o "$2" tmpfs "$1" && shift 2 && exec "$@"',
  'sh',
  directory,
  mode,
];

test('a repository that no job of the gate uses is only warned about', async (t) => {
  const host = hostWith(t, [{ name: 'Applications', jobs: ['alpha'] }]);
  host.services['alpha'] = { backup: { paths: [host.path('data/alpha')], repositories: ['near'] } };
  host.addRepository('away');
  rmSync(host.path('away/config'));
  const ended = await host.run(['gate']);
  assert.equal(ended.code, 0, ended.stdout);
  assert.match(ended.stdout, /Check that away can be used.*: .*holds no restic repository/);
});

test('a target of replication that does not answer does not hold; one that does, does', async (t) => {
  const host = hostWith(t);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const replication = (destination: string): Section => ({
    replication: { zfs: { targets: { other: { destination, datasets: ['tank'], frequency: 'hourly' } } } },
  });
  // ssh takes the place of a host's name from its own configuration
  const ssh = host.script('bin/ssh', `echo "hostname 127.0.0.1"; echo "port $(cat ${host.path('port')})"`);
  const env = { PATH: `${join(ssh, '..')}:${process.env['PATH'] ?? ''}` };
  host.configure(replication('backup@other:tank/copy'));
  host.write('port', String(port));
  assert.equal((await host.run(['gate'], { env })).code, 0);
  server.close();
  await new Promise<void>((closed) => {
    const probe = connect(port, '127.0.0.1')
      .once('error', () => closed())
      .once('connect', () => probe.destroy());
  });
  const ended = await host.run(['gate'], { env });
  assert.equal(ended.code, 2);
  assert.match(ended.stdout, /Check that other \(other\) answers: other does not answer: ECONNREFUSED/);
});

test('jobs that are missing are failures like those that failed', async (t) => {
  const host = hostWith(t, [{ ...JOBS, expect: 5 }]);
  const ended = await host.run(['gate']);
  assert.equal(ended.code, 2, 'three of five');
  assert.ok(lastLines(ended).includes('[ERROR]   - Applications: missing 1 of 3: found 2, expected 5'), ended.stdout);
  host.configure({ gate: { default: { stages: [{ ...JOBS, atLeast: 2 }] } } });
  assert.equal((await host.run(['gate'])).code, 0);
});

test('a gate that has nothing to run is a failure, not a success', async (t) => {
  const host = hostWith(t, [{ name: 'Applications', jobs: ['nobody-*'] }]);
  const ended = await host.run(['gate']);
  assert.equal(ended.code, 2);
  assert.match(ended.stderr, /stage Applications: nothing on this host matches nobody-\*/);
  assert.equal(lastLines(ended).at(-1), '[ERROR] Nothing was backed up: do not deploy');
});

test('a success that is young enough counts, and nothing is run for it', async (t) => {
  const host = hostWith(t);
  await host.backUp(['alpha']);
  const half = await host.run(['gate', '--fresh-within', '10m']);
  assert.equal(half.code, 0);
  assert.equal((await host.snapshots('near')).length, 2, 'alpha was not backed up again');
  const all = await host.run(['gate', '--fresh-within', '10m']);
  assert.equal(all.code, 0);
  assert.ok(lastLines(all).includes('[INFO] Skipped (fresh): 2'));
  assert.equal((await host.snapshots('near')).length, 2);
  const run = await host.run(['gate', 'run', '--fresh-within', '10m', '--', 'true']);
  assert.match(run.stdout, /Skipped \(fresh\): 2/);
  assert.equal((await host.run(['gate', '--fresh-within', '1ms'])).code, 0);
  assert.equal((await host.snapshots('near')).length, 4);
});

test('a dry run shows what belongs to each stage, and changes nothing', async (t) => {
  const host = hostWith(t, [{ ...JOBS, exclude: ['beta'] }]);
  await host.run(['gate']);
  const before = fingerprint(host.stateDir);
  const ended = await host.run(['gate', '--dry-run']);
  assert.equal(ended.code, 0);
  assert.match(
    ended.stdout,
    /^Applications {2}1 job, about .*\n {2}alpha@near +about .*\n {2}beta@near +left out: excluded$/m,
  );
  await host.run(['gate', 'run', '--dry-run', '--', 'true']);
  assert.deepEqual(fingerprint(host.stateDir), before);
  const report = reportOf(await host.run(['--json', 'gate', '--dry-run']));
  assert.ok(outcomes(report).includes('backup:alpha@near planned'));
});

test('a gate is chosen by its name; one that does not exist is told with the nearest', async (t) => {
  const host = hostWith(t);
  host.configure({ gate: { nightly: { stages: [JOBS] }, weekly: { stages: [JOBS] } } });
  assert.match((await host.run(['gate', 'nightly', '--dry-run'])).stdout, /^Gate nightly$/m);
  const typo = await host.run(['gate', 'nighly']);
  assert.deepEqual([typo.code, /Did you mean nightly/.test(typo.stderr)], [64, true], typo.stderr);
  const none = await host.run(['gate']);
  assert.deepEqual([none.code, /holdfast .*gate nightly \| weekly/.test(none.stderr)], [64, true], none.stderr);
});

test('a second gate is busy, and names the process and the start of the first', async (t) => {
  const host = hostWith(t);
  const mark = host.path('reached');
  host.services['beta'] = {
    backup: { paths: [host.path('data/beta')], hooks: { before: [[host.script('slow', `touch ${mark}; exec sleep 600`)]] } },
  };
  const first = host.start(['gate']);
  await appears(host.root, () => existsSync(mark));
  const second = await host.run(['gate']);
  assert.equal(second.code, 75);
  assert.match(second.stderr, new RegExp(`another one is at work: process ${first.child.pid}, since 20\\d\\d-.* ago\\)`));
  first.child.kill('SIGTERM');
  const ended = await first.ended;
  assert.equal(ended.code, 143);
  assert.equal(lastLines(ended).at(-1), '[ERROR] Interrupted (exit code 143): do not deploy');
  assert.deepEqual(host.leftovers(), []);
});

test('a command runs only after a gate that is passed, finds its report, and its exit code is the answer', async (t) => {
  const host = hostWith(t);
  const deploy = host.script('deploy', `cat "$HOLDFAST_GATE_REPORT" > ${host.path('seen')}; echo "deployed $*"; exit 7`);
  const passed = await host.run(['gate', 'run', '--', deploy, '--json', 'two words']);
  assert.equal(passed.code, 7, passed.stderr);
  assert.match(passed.stdout, /Safe to deploy\ndeployed --json two words\n$/);
  const seen = JSON.parse(readFileSync(host.path('seen'), 'utf8')) as Report;
  assert.deepEqual([seen.kind, seen.exitCode], ['gate', 0]);
  assert.match((await host.run(['history'])).stdout, / deployment +.*failed/);

  const json = await host.run(['--json', 'gate', 'run', '--', deploy]);
  assert.equal(reportOf(json).kind, 'gate', 'one document on standard output');
  assert.match(json.stderr, /deployed/);
});

test('a command does not run after a partial gate unless that is accepted, and never after a failed one', async (t) => {
  const host = hostWith(t);
  host.services['beta'] = { backup: { paths: [host.path('data/beta')], hooks: { before: [['false']] } } };
  const command = ['--', 'sh', '-c', 'echo deployed; exit 0'];
  const partial = await host.run(['gate', 'run', ...command]);
  assert.deepEqual([partial.code, partial.stdout.includes('deployed')], [1, false]);
  const accepted = await host.run(['gate', 'run', '--accept-partial', ...command]);
  assert.deepEqual([accepted.code, accepted.stdout.includes('deployed')], [0, true]);
  host.configure({ gate: { default: { stages: [JOBS], criticalAbove: '0%' } } });
  const failed = await host.run(['gate', 'run', '--accept-partial', ...command]);
  assert.deepEqual([failed.code, failed.stdout.includes('deployed')], [2, false]);
});

test('a command that is not there is a failure, and one that is killed ends as a shell says it', async (t) => {
  const host = hostWith(t, [JOBS], { freshWithin: '1h' });
  const missing = await host.run(['gate', 'run', '--', 'no-such-program']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /error: could not run no-such-program: there is no such program\n.*sh -c/);
  const killed = await host.run(['gate', 'run', '--', 'sh', '-c', 'kill -9 $$']);
  assert.equal(killed.code, 137);
  const dry = await host.run(['gate', 'run', '--dry-run', '--', 'sh', '-c', 'echo deployed']);
  assert.deepEqual([dry.code, dry.stdout.includes('deployed'), /nothing was changed/.test(dry.stdout)], [0, false, true]);
  const nothing = await host.run(['gate', 'run']);
  assert.equal(nothing.code, 64);
});

test('a command is passed the signal that stops the gate, and is waited for', async (t) => {
  const host = hostWith(t, [JOBS], { freshWithin: '1h' });
  const mark = host.path('reached');
  const script = host.script('deploy', `trap 'echo cleaned up; exit 3' TERM; touch ${mark}; while :; do sleep 0.05; done`);
  const run = host.start(['gate', 'run', '--', script]);
  await appears(host.root, () => existsSync(mark));
  run.child.kill('SIGTERM');
  const ended = await run.ended;
  assert.deepEqual([ended.code, ended.stdout.includes('cleaned up')], [3, true]);
  assert.deepEqual(host.leftovers(), []);
});

test('the program is the gate under the name that scripts know', async (t) => {
  const host = hostWith(t);
  const name = host.path('backup-orchestrator');
  symlinkSync(join(ROOT, 'src/main.ts'), name);
  const config = ['--config', host.path('holdfast.yaml')];
  await host.run(['config', 'check']); // writes the configuration
  const { execFileSync } = await import('node:child_process');
  const env = { PATH: process.env['PATH'], HOME: host.path('home') };
  const text = execFileSync(process.execPath, [name, ...config, '--json', '--dry-run'], { env, encoding: 'utf8' });
  assert.equal((JSON.parse(text) as Report).kind, 'gate');
});
