// The whole module against a real restic and one real repository.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { duration } from '../../../src/domain/duration.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { interruption } from '../../../src/lib/interruption.ts';
import { resticBackup } from '../../../src/tools/restic/backup.ts';
import { resticConfig } from '../../../src/tools/restic/cat-config.ts';
import { resticDiff } from '../../../src/tools/restic/diff.ts';
import { resticFind } from '../../../src/tools/restic/find.ts';
import { resticForget } from '../../../src/tools/restic/forget.ts';
import { resticInit } from '../../../src/tools/restic/init.ts';
import type { Argv } from '../../../src/tools/restic/invoke.ts';
import { resticLocks } from '../../../src/tools/restic/locks.ts';
import { resticLs } from '../../../src/tools/restic/ls.ts';
import { resticPrune } from '../../../src/tools/restic/prune.ts';
import { resticRestore } from '../../../src/tools/restic/restore.ts';
import { resticSnapshots } from '../../../src/tools/restic/snapshots.ts';
import { resticUnlock } from '../../../src/tools/restic/unlock.ts';
import { accessTo, anyRestic, calm, type Directory, PASSWORD, temporaryDirectory } from './support.ts';

let directory: Directory;
let repository: string;
let source: string;
before(async () => {
  directory = await temporaryDirectory();
  repository = join(directory.path, 'repository');
  source = join(directory.path, 'source');
  await mkdir(join(source, 'sub'), { recursive: true });
  for (const name of ['plain', '-dash', 'new\nline', 'sub/inner']) await writeFile(join(source, name), name);
  await writeFile(Buffer.concat([Buffer.from(`${source}/invalid-`), Buffer.from([0xff])]), 'bytes');
  await symlink('plain', join(source, 'link'));
  const created = await resticInit(accessTo(repository), calm());
  assert.equal(created.state, 'created');
});
after(() => directory[Symbol.asyncDispose]());

const TAG = 'holdfast:job=app';
const backUp = (paths: readonly string[] = [source], tags: readonly string[] = [TAG]) =>
  resticBackup(accessTo(repository), { paths, tags, host: 'tester' }, calm());
const failure = async (promise: Promise<unknown>): Promise<HoldfastError> => {
  const error: unknown = await promise.then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HoldfastError, String(error));
  return error;
};

test('what was backed up is listed, compared, found and restored with every byte and odd name', async () => {
  const first = await backUp();
  assert.equal(first.incomplete, false);
  assert.equal(first.filesNew, 5); // a symbolic link is no file to restic
  await writeFile(join(source, 'later'), 'later');
  const second = await backUp([source], [TAG, 'other']);

  const snapshots = await resticSnapshots(accessTo(repository), { host: 'tester', tags: [TAG] }, calm());
  assert.deepEqual(
    snapshots.map(({ id }) => id),
    [first.snapshotId, second.snapshotId],
  );
  const both = await resticSnapshots(accessTo(repository), { tags: [TAG, 'other'] }, calm());
  assert.deepEqual(
    both.map(({ id }) => id),
    [second.snapshotId],
    'a snapshot must have all tags',
  );
  assert.deepEqual(await resticSnapshots(accessTo(repository), { host: 'nobody' }, calm()), []);

  const changes: string[] = [];
  const diff = await resticDiff(
    accessTo(repository),
    { from: first.snapshotId, to: second.snapshotId },
    { ...calm(), onChange: ({ modifier, path }) => changes.push(`${modifier}${path}`) },
  );
  assert.deepEqual(changes, [`+${source}/later`]);
  assert.equal(diff.added.files, 1);

  const found = await resticFind(accessTo(repository), { patterns: ['-dash'], snapshotIds: [first.snapshotId] }, calm());
  assert.deepEqual(
    found.map(({ matches }) => matches.map(({ path }) => path)),
    [[join(source, '-dash')]],
  );

  const listed: string[] = [];
  await resticLs(
    accessTo(repository),
    { snapshotId: first.snapshotId },
    { ...calm(), onNode: ({ path }) => listed.push(path) },
  );
  assert.ok(listed.includes(join(source, 'new\nline')));

  const target = join(directory.path, '-restored');
  const restored = await resticRestore(
    accessTo(repository),
    { snapshotId: first.snapshotId, subpath: source, target, verify: true },
    calm(),
  );
  assert.deepEqual([restored.incomplete, restored.verified, restored.errorCount], [false, true, 0]);
  for (const name of ['plain', '-dash', 'new\nline', 'sub/inner'])
    assert.equal(await readFile(join(target, name), 'utf8'), name);
  assert.equal(await readFile(Buffer.concat([Buffer.from(`${target}/invalid-`), Buffer.from([0xff])]), 'utf8'), 'bytes');
  assert.ok((await lstat(join(target, 'link'))).isSymbolicLink());

  const forgotten = await resticForget(accessTo(repository), { ids: [second.snapshotId, 'f'.repeat(64)] }, calm());
  assert.deepEqual(forgotten, { removed: [second.snapshotId], notFound: ['f'.repeat(64)], failed: [] });
  const pruned = await resticPrune(accessTo(repository), { maxUnused: '0' }, calm());
  assert.ok(pruned.blobsRemoved > 0);
});

test('an existing repository is told, and stays as it is', async () => {
  const config = await readFile(join(repository, 'config'));
  assert.deepEqual(await resticInit(accessTo(repository), calm()), { state: 'exists' });
  assert.deepEqual(await readFile(join(repository, 'config')), config);
});

test('a wrong password, a missing repository and one that cannot be reached are three different errors', async () => {
  const wrong = await failure(resticConfig(accessTo(repository, { env: { RESTIC_PASSWORD: 'wrong' } }), calm()));
  assert.equal(wrong.code, 'wrong-password');
  const missing = await failure(resticSnapshots(accessTo(join(directory.path, 'nowhere')), {}, calm()));
  assert.equal(missing.code, 'repository-missing');
  const started = performance.now();
  const silent = await failure(
    resticSnapshots(accessTo('rest:http://127.0.0.1:9/nowhere'), {}, { ...calm(), patience: duration(1, 's') }),
  );
  assert.equal(silent.code, 'repository-unreachable');
  assert.match(silent.message, /connection refused/);
  assert.ok(performance.now() - started < 20_000, 'restic itself would go on for 15 minutes');
});

test('the inherited environment does not choose another repository or password', async () => {
  const names = ['RESTIC_REPOSITORY_FILE', 'RESTIC_PASSWORD_FILE', 'RESTIC_PASSWORD_COMMAND', 'RESTIC_KEY_HINT'];
  for (const name of names) process.env[name] = '/nonexistent';
  try {
    assert.equal((await resticConfig(accessTo(repository), calm())).version, 2);
  } finally {
    for (const name of names) delete process.env[name];
  }
});

test('a source that is missing beside one that is there makes the backup incomplete', async () => {
  const gone = join(directory.path, 'gone');
  const summary = await backUp([source, gone]);
  assert.equal(summary.incomplete, true);
  assert.deepEqual(
    summary.unreadable.map(({ path }) => path),
    [gone],
  );
  assert.equal((await failure(backUp([gone]))).code, 'source-missing');
});

test('a file that may not be read is named, and the backup is incomplete', async () => {
  const locked = join(directory.path, 'locked');
  await mkdir(locked);
  await writeFile(join(locked, 'readable'), 'yes');
  await writeFile(join(locked, 'secret'), 'no');
  await chmod(join(locked, 'secret'), 0o000);
  // root may read everything because of these capabilities
  const wrap = (argv: Argv): Argv =>
    process.getuid?.() === 0
      ? [
          'setpriv',
          '--bounding-set=-dac_override,-dac_read_search',
          '--inh-caps=-dac_override,-dac_read_search',
          '--',
          ...argv,
        ]
      : argv;
  const summary = await resticBackup(accessTo(repository), { paths: [locked], tags: [TAG], host: 'tester', wrap }, calm());
  assert.equal(summary.incomplete, true);
  assert.deepEqual(
    summary.unreadable.map(({ path }) => path),
    [join(locked, 'secret')],
  );
});

test('a snapshot that cannot be read is damage, not an empty repository', async () => {
  const copy = join(directory.path, 'damaged');
  await resticInit(accessTo(copy), calm());
  const { snapshotId } = await resticBackup(
    accessTo(copy),
    { paths: [join(source, 'sub')], tags: [TAG], host: 'tester' },
    calm(),
  );
  await chmod(join(copy, 'snapshots', snapshotId), 0o600);
  await writeFile(join(copy, 'snapshots', snapshotId), 'damaged');
  await rm(`${copy}.cache`, { recursive: true });
  assert.equal((await failure(resticSnapshots(accessTo(copy), {}, calm()))).code, 'repository-damaged');
  const told: string[] = [];
  const options = { ...calm(), onDamaged: (ids: readonly string[]) => told.push(...ids) };
  assert.deepEqual(await resticSnapshots(accessTo(copy), {}, options), []);
  assert.deepEqual(told, [snapshotId]);
});

interface LockHolder extends AsyncDisposable {
  readonly pid: number;
  kill(): Promise<void>;
}

/** A restic that holds a lock until it is killed; `stop` freezes it as soon as it has the lock. */
async function lockHolder(args: readonly string[], stop: boolean): Promise<LockHolder> {
  const child = spawn(anyRestic(), args, {
    env: { ...process.env, ...accessTo(repository).env },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const exited = once(child, 'exit');
  const hasLock = async (): Promise<boolean> =>
    (await readdir(join(repository, 'locks'))).some((name) => /^[0-9a-f]{64}$/.test(name)); // not yet while it is '-tmp-'
  // a file has no event that is sure to come
  while (!(await hasLock())) await delay(2);
  if (stop) child.kill('SIGSTOP');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return { pid: child.pid ?? 0, kill, [Symbol.asyncDispose]: kill };
}

test('a live lock is respected and its holder named; a dead one is cleared by unlock', async () => {
  // its standard input never ends
  await using holder = await lockHolder(['backup', '--stdin', '--host', 'holder'], false);
  const locked = await failure(resticPrune(accessTo(repository), {}, calm()));
  assert.equal(locked.code, 'repository-locked');
  assert.match(locked.message, new RegExp(`process ${holder.pid} `));
  assert.match(locked.hint ?? '', /repository unlock/);
  const locks = await resticLocks(accessTo(repository), calm());
  assert.equal(locks.ids.length, 1);
  assert.deepEqual(
    locks.described.map(({ pid, exclusive }) => [pid, exclusive]),
    [[holder.pid, false]],
  );
  assert.equal(await resticUnlock(accessTo(repository), calm()), 0, 'a live lock stays');
  await holder.kill();
  assert.equal((await failure(resticPrune(accessTo(repository), {}, calm()))).code, 'repository-locked');
  assert.equal(await resticUnlock(accessTo(repository), calm()), 1);
  await resticPrune(accessTo(repository), {}, calm());
});

test('the holder of an exclusive lock is named, although it keeps everybody out', async () => {
  await using holder = await lockHolder(['check'], true);
  const locks = await resticLocks(accessTo(repository), calm());
  assert.deepEqual(
    locks.described.map(({ pid, exclusive }) => [pid, exclusive]),
    [[holder.pid, true]],
  );
  assert.ok(Math.abs(Date.now() - (locks.described[0]?.time ?? 0)) < 60_000, 'its age is told');
  assert.equal((await failure(resticConfig(accessTo(repository), calm()))).code, 'repository-locked');
  await holder.kill();
  assert.equal(await resticUnlock(accessTo(repository), calm()), 1);
});

test('an empty lock, as an interrupted upload leaves it, does not keep the others from being described', async () => {
  await using holder = await lockHolder(['backup', '--stdin', '--host', 'holder'], false);
  const empty = 'a'.repeat(64);
  await writeFile(join(repository, 'locks', empty), '');
  const { ids, described } = await resticLocks(accessTo(repository), calm());
  assert.ok(ids.includes(empty));
  assert.deepEqual(
    described.map(({ pid }) => pid),
    [holder.pid],
  );
  await holder.kill();
  assert.equal(await resticUnlock(accessTo(repository), calm()), 1);
  await rm(join(repository, 'locks', empty));
});

test('a cancelled backup ends with the reason, leaves no process, no lock and no snapshot', async () => {
  const fifo = join(directory.path, 'slow');
  await mkdir(fifo);
  await writeFile(
    join(fifo, 'large'),
    Buffer.alloc(3_000_000, 'x').map((_, index) => (index * 7919) % 251),
  );
  const snapshotsBefore = (await readdir(join(repository, 'snapshots'))).length;
  const controller = new AbortController();
  const access = { ...accessTo(repository), limits: { upload: 1024 as never, download: null } }; // a rate of 1 KiB/s
  const running = resticBackup(
    access,
    { paths: [fifo], tags: [TAG], host: 'tester' },
    { signal: controller.signal, onProgress: () => controller.abort(interruption('SIGTERM')) },
  );
  const error = await failure(running);
  assert.equal(error.code, 'interrupted');
  assert.match(error.message, /SIGTERM/);
  assert.deepEqual(await readdir(join(repository, 'locks')), []);
  assert.equal((await readdir(join(repository, 'snapshots'))).length, snapshotsBefore);
});

test('neither the URL nor the password appears in what other users can see of the process', async () => {
  let seen: readonly string[] = [];
  const wrap = (argv: Argv): Argv => {
    seen = argv;
    return argv;
  };
  await resticBackup(accessTo(repository), { paths: [join(source, 'sub')], tags: [TAG], host: 'tester', wrap }, calm());
  assert.ok(seen.length > 3);
  assert.ok(!seen.some((argument) => argument.includes(PASSWORD) || argument.includes(repository)));
});
