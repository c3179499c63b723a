import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../../src/lib/errors.ts';
import { classifyFailure, parseLockHolder } from '../../../src/tools/restic/classify.ts';
import { recordedVersions, recording } from './recordings.ts';

const classify = (exitCode: number | null, stderrTail: readonly string[], endedBy: NodeJS.Signals | null = null) =>
  classifyFailure({ operation: 'back up', subject: 'nas', exitCode, endedBy, stderrTail });

const recorded: readonly (readonly [name: string, code: ErrorCode, message: RegExp])[] = [
  ['wrong-password', 'wrong-password', /^wrong password or no key found$/],
  ['missing', 'repository-missing', /^repository does not exist: unable to open config file/],
  ['locked', 'repository-locked', /^locked by process \d+ \(root\) on recorder for \d+ms$/],
  ['no-password', 'secret-unreadable', /\/nonexistent does not exist/],
  ['password-command-failed', 'secret-unreadable', /exit status 1/],
  ['backup-all-missing', 'source-missing', /all (source|target) directories\/files do not exist/],
  ['restore-no-snapshot', 'snapshot-missing', /no matching ID found/],
  ['restore-no-subpath', 'snapshot-missing', /path nowhere: not found/],
  ['refused', 'interrupted', /asked to stop/], // the recording ended it with SIGTERM
];

for (const version of recordedVersions) {
  for (const [name, code, message] of recorded) {
    test(`restic ${version}: ${name} is ${code}`, () => {
      const { exitCode, errorLines } = recording(version, name);
      const error = classify(exitCode, errorLines);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /Fatal:/);
      assert.ok(error.hint);
      for (const line of error.tool?.stderrTail ?? []) assert.doesNotMatch(line, /^\{/);
    });
  }

  test(`restic ${version}: a server that refuses the connection is unreachable, never missing`, () => {
    const retries = recording(version, 'refused').errorLines.filter((line) => line.includes('retrying after'));
    assert.equal(
      classify(1, [...retries, 'Fatal: unable to open config file: context canceled']).code,
      'repository-unreachable',
    );
  });
}

const lines: readonly (readonly [line: string, code: ErrorCode])[] = [
  ['Fatal: unable to save snapshot: write /nas/tmp: no space left on device', 'no-space'],
  ['Fatal: mkdir /nas/data/00: permission denied', 'permission-denied'],
  [
    'Fatal: unable to open config file: Head "https://nas/config": dial tcp: lookup nas: no such host',
    'repository-unreachable',
  ],
  [
    'Fatal: unable to open config file: Head "https://nas/config": dial tcp 192.0.2.1:443: i/o timeout',
    'repository-unreachable',
  ],
  [
    'Fatal: unable to open config file: Head "https://nas/config": tls: failed to verify certificate: x509: unknown authority',
    'repository-unreachable',
  ],
  ['Fatal: unable to open config file: unexpected HTTP response (502): 502 Bad Gateway', 'repository-unreachable'],
  ['Fatal: unable to open config file: stat /nas/repo/config: stale NFS file handle', 'repository-unreachable'],
  ['Fatal: LoadRaw(<index/642d7a7b2b>): invalid data returned', 'repository-damaged'],
  ['Fatal: decrypting blob <data/974fe6d6> from 9da69d3c failed: ciphertext verification failed', 'repository-damaged'],
  ['Fatal: repository contains damaged pack files', 'repository-damaged'],
  ['Fatal: something nobody has ever seen', 'tool-failed'],
];
for (const [line, code] of lines) {
  test(`'${line.slice(7, 70)}' is ${code}`, () => assert.equal(classify(1, [line]).code, code));
}

test('unreachable is not empty: only a positive answer is repository-missing', () => {
  assert.equal(classify(10, []).code, 'repository-missing');
  assert.equal(
    classify(1, ['Fatal: unable to open config file: stat /nas/repo/config: input/output error']).code,
    'repository-unreachable',
  );
  assert.notEqual(classify(1, ['Fatal: unable to open config file: context canceled']).code, 'repository-missing');
});

test('an unreadable source file in the lines above does not hide why restic failed', () => {
  const error = classify(1, [
    '{"message_type":"error","error":{"message":"open /etc/shadow: permission denied"},"during":"archival","item":"/etc/shadow"}',
    '{"message_type":"exit_error","code":1,"message":"Fatal: unable to save snapshot: no space left on device"}',
  ]);
  assert.equal(error.code, 'no-space');
  assert.deepEqual(error.tool?.stderrTail, [
    'open /etc/shadow: permission denied',
    'Fatal: unable to save snapshot: no space left on device',
  ]);
});

test('the holder of an exclusive lock is named with the age of the lock', () => {
  const holder = parseLockHolder([
    'unable to create lock in backend: repository is already locked exclusively by PID 12 on nas.example by op (UID 7, GID 7)',
    'lock was created at 2026-01-01 00:00:00 (26h3m4.5s ago)',
  ]);
  assert.deepEqual(holder, {
    pid: 12,
    host: 'nas.example',
    user: 'op',
    exclusive: true,
    age: '26h3m4s',
    createdAt: '2026-01-01 00:00:00',
  });
});

test('a restic killed by the kernel is not an interruption', () => {
  assert.equal(classify(null, [], 'SIGKILL').code, 'tool-failed');
  assert.match(classify(null, [], 'SIGKILL').hint ?? '', /memory/);
  assert.equal(classify(null, [], 'SIGTERM').code, 'interrupted');
  assert.equal(classify(130, []).code, 'interrupted');
});

test('a stack trace behind the message is not shown', () => {
  const error = classify(3, recording('0.19.1', 'forget-failed').errorLines);
  assert.equal(error.message, 'failed to remove one or more snapshots');
  assert.ok(!error.tool?.stderrTail.some((line) => line.includes('.go:')));
});

test('an exit error whose stack trace was cut is told by its first line', () => {
  const whole = JSON.stringify({
    message_type: 'exit_error',
    code: 1,
    message: `header is larger\nmain.f\n\t/a.go:1${'x'.repeat(3000)}`,
  });
  assert.equal(classify(1, [whole.slice(0, 2000)]).message, 'header is larger');
});
