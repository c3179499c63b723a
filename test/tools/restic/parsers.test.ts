// Every parser on what two versions of restic really printed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { BackupOutput, type BackupProgress } from '../../../src/tools/restic/backup.ts';
import { parseConfig } from '../../../src/tools/restic/cat-config.ts';
import { type Change, DiffOutput } from '../../../src/tools/restic/diff.ts';
import { damagedSnapshot } from '../../../src/tools/restic/error-lines.ts';
import { parseFind } from '../../../src/tools/restic/find.ts';
import { parseForget } from '../../../src/tools/restic/forget.ts';
import { parseInit } from '../../../src/tools/restic/init.ts';
import { parseLock, parseLockIds } from '../../../src/tools/restic/locks.ts';
import { LsOutput } from '../../../src/tools/restic/ls.ts';
import type { SnapshotNode } from '../../../src/tools/restic/node.ts';
import { parsePrune } from '../../../src/tools/restic/prune.ts';
import { RestoreOutput, type RestoreProgress } from '../../../src/tools/restic/restore.ts';
import { parseSnapshots } from '../../../src/tools/restic/snapshots.ts';
import { parseUnlock } from '../../../src/tools/restic/unlock.ts';
import { parseVersion } from '../../../src/tools/restic/version.ts';
import { recordedVersions, recording } from './recordings.ts';

const ID = /^[0-9a-f]{64}$/;
const isToolOutput = (error: unknown): boolean => error instanceof HoldfastError && error.code === 'tool-output';

function backupOf(version: string, name: string, onProgress?: (progress: BackupProgress) => void) {
  const { exitCode, lines, errorLines } = recording(version, name);
  const output = new BackupOutput('nas', onProgress);
  lines.forEach(output.line);
  errorLines.forEach(output.errorLine);
  return output.summary(exitCode);
}

test('two versions of restic are recorded', () => assert.ok(recordedVersions.length >= 2));

for (const version of recordedVersions) {
  const read = (name: string) => recording(version, name);

  test(`restic ${version}: it says its version`, () =>
    assert.equal(parseVersion(read('version').stdout, 'restic').text, version));

  test(`restic ${version}: a backup has progress, figures and a full snapshot id`, () => {
    const seen: BackupProgress[] = [];
    const summary = backupOf(version, 'backup', (progress) => seen.push(progress));
    assert.match(summary.snapshotId, ID);
    assert.equal(summary.filesNew, 9);
    assert.equal(summary.totalFiles, 9);
    assert.equal(summary.bytesProcessed, 3_000_055);
    assert.ok(summary.bytesStored > 2_900_000 && summary.bytesAdded >= summary.bytesStored);
    assert.equal(summary.incomplete, false);
    assert.deepEqual(summary.unreadable, []);
    assert.ok(seen.length > 1);
    assert.equal(seen.at(-1)?.filesTotal, 9);
  });

  test(`restic ${version}: a missing source makes the backup incomplete, whatever the exit code`, () => {
    const summary = backupOf(version, 'backup-missing-source');
    assert.equal(summary.incomplete, true);
    assert.deepEqual(summary.unreadable, [{ path: '/recorded/gone', message: 'does not exist', during: 'scan' }]);
  });

  test(`restic ${version}: unreadable files are named once each and make the backup incomplete`, () => {
    const summary = backupOf(version, 'backup-unreadable');
    assert.equal(summary.incomplete, true);
    assert.equal(summary.unreadableCount, 2);
    assert.deepEqual(summary.unreadable.map(({ path }) => path).toSorted(), [
      '/recorded/source/plain',
      '/recorded/source/sub',
    ]);
    assert.match(summary.unreadable[0]?.message ?? '', /permission denied/);
  });

  test(`restic ${version}: snapshots carry identity, origin and figures`, () => {
    const snapshots = parseSnapshots(read('snapshots').stdout, 'nas');
    assert.equal(snapshots.length, 4);
    const [first, second] = snapshots;
    assert.match(first?.id ?? '', ID);
    assert.equal(first?.shortId, first?.id.slice(0, 8));
    assert.equal(first?.host, 'recorder');
    assert.deepEqual(first?.tags, ['holdfast:job=app', 'two']);
    assert.deepEqual(first?.paths, ['/recorded/source']);
    assert.equal(first?.parent, null);
    assert.equal(second?.parent, first?.id);
    assert.equal(first?.programVersion, `restic ${version}`);
    assert.equal(first?.summary?.totalFiles, 9);
    assert.equal(first?.time, Date.parse(first?.timeText ?? ''));
  });

  test(`restic ${version}: nothing there is an empty list`, () => {
    assert.deepEqual(parseSnapshots(read('snapshots-none').stdout, 'nas'), []);
    assert.deepEqual(parseFind(read('find-none').stdout, 'nas'), []);
  });

  test(`restic ${version}: a snapshot that cannot be read is passed over with exit code 0, and noticed`, () => {
    const { exitCode, errorLines } = read('snapshots-damaged');
    assert.equal(exitCode, 0);
    assert.equal(errorLines.map(damagedSnapshot).filter((id) => id !== null).length, 1);
  });

  test(`restic ${version}: a listing gives odd names, modes and sizes, and no entry for its header`, () => {
    const nodes: SnapshotNode[] = [];
    const output = new LsOutput('nas', (node) => nodes.push(node));
    read('ls').lines.forEach(output.line);
    const summary = output.summary();
    assert.equal(summary.nodes, nodes.length);
    assert.equal(summary.snapshot.host, 'recorder');
    const byName = new Map(nodes.map((node) => [node.path.slice('/recorded/source/'.length), node]));
    for (const name of ['-dash', 'new\nline', 'ünïcode€😀', 'quo"te\\back', 'control\u0001\u001b', 'invalid-\uFFFD\uFFFD']) {
      assert.equal(byName.get(name)?.type, 'file', JSON.stringify(name));
    }
    assert.equal(byName.get('plain')?.mode, 0o4755);
    assert.equal(byName.get('large')?.size, 3_000_000);
    assert.equal(byName.get('empty')?.size, 0);
    assert.equal(byName.get('sub')?.type, 'dir');
    assert.equal(byName.get('link')?.type, 'symlink');
  });

  test(`restic ${version}: finding names the snapshot of each match`, () => {
    const found = parseFind(read('find').stdout, 'nas');
    assert.equal(found.length, 4);
    assert.match(found[0]?.snapshotId ?? '', ID);
    assert.ok(found[0]?.matches.some(({ path }) => path === '/recorded/source/large'));
  });

  test(`restic ${version}: a comparison gives each change and the totals`, () => {
    const changes: Change[] = [];
    const output = new DiffOutput('nas', (change) => changes.push(change));
    read('diff').lines.forEach(output.line);
    const summary = output.summary();
    assert.ok(changes.some(({ path, modifier }) => path === '/recorded/source/added' && modifier === '+'));
    assert.ok(changes.some(({ path, modifier }) => path === '/recorded/source/-dash' && modifier === '-'));
    assert.equal(summary.added.files, 1);
    assert.equal(summary.removed.files, 1);
  });

  test(`restic ${version}: a restore is complete only without errors`, () => {
    const progress: RestoreProgress[] = [];
    const restored = (name: string) => {
      const { exitCode, lines, errorLines } = read(name);
      const output = new RestoreOutput('nas', (update) => progress.push(update));
      lines.forEach(output.line);
      errorLines.forEach(output.errorLine);
      return output.summary(exitCode, true);
    };
    const whole = restored('restore');
    assert.deepEqual([whole.incomplete, whole.verified, whole.filesRestored, whole.totalFiles], [false, true, 14, 14]);
    assert.ok(progress.length > 0);
    const again = restored('restore-again');
    assert.equal(again.incomplete, false);
    assert.equal(again.filesSkipped + again.filesRestored, again.totalFiles);
    const blocked = restored('restore-blocked');
    assert.deepEqual([blocked.incomplete, blocked.verified, blocked.errorCount], [true, false, 1]);
    assert.equal(blocked.errors[0]?.path, '/recorded/source/plain');
  });

  test(`restic ${version}: what was forgotten, was not there, and stayed are three things`, () => {
    const unknown = 'f'.repeat(64);
    assert.deepEqual(parseForget([unknown], read('forget-unknown').errorLines), {
      removed: [],
      notFound: [unknown],
      failed: [],
    });
    const first = parseSnapshots(read('snapshots').stdout, 'nas')[0]?.id ?? '';
    assert.deepEqual(parseForget([first], read('forget').errorLines), { removed: [first], notFound: [], failed: [] });
    assert.deepEqual(parseForget([first], read('forget-failed').errorLines), { removed: [], notFound: [], failed: [first] });
  });

  test(`restic ${version}: pruning says what it freed`, () => {
    const summary = parsePrune(read('prune').stdout, 'nas');
    assert.ok(summary.blobsRemoved > 0 && summary.bytesRemoved > 0);
    assert.ok(summary.bytesRemaining > 2_900_000);
    assert.throws(() => parsePrune(read('prune').stdout.replace(/^done$/m, ''), 'nas'), isToolOutput);
  });

  test(`restic ${version}: a new repository and an old one tell their id`, () => {
    assert.equal(parseInit(read('init').stdout, 'nas'), parseConfig(read('cat-config').stdout, 'nas').id);
    assert.equal(parseConfig(read('cat-config').stdout, 'nas').version, 2);
  });

  test(`restic ${version}: locks are listed, described and counted when cleared`, () => {
    const [id = ''] = parseLockIds(read('list-locks').stdout, 'nas');
    const lock = parseLock(id, read('cat-lock').stdout, 'nas');
    assert.equal(lock.exclusive, false);
    assert.equal(lock.host, 'recorder');
    assert.ok(lock.pid > 1);
    assert.equal(parseUnlock(read('unlock').stdout), 1);
    assert.equal(parseUnlock(read('unlock-none').stdout), 0);
  });
}

test('null is restic for an empty list', () => {
  assert.deepEqual(parseSnapshots('null\n', 'nas'), []);
  assert.deepEqual(parseFind('null', 'nas'), []);
});

test('the version of a restic from before 0.17 is read from its text', () => {
  assert.equal(parseVersion('restic 0.14.0 compiled with go1.19.8 on linux/amd64\n', 'restic').minor, 14);
});
