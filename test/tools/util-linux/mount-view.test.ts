// What a program sees whose files were put in place in a mount namespace of its own.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Cover, inMountView, stageFor } from '../../../src/tools/util-linux/mount-view.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const cover = (path: string, over: string, directory = ''): Cover => ({ from: { path }, directory, over });

/** As somebody who is root in a namespace only: whoever runs the tests. */
const see = (argv: readonly string[]): string =>
  execFileSync('unshare', ['--map-root-user', '--mount', ...argv], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

test('frozen files are seen in place of the live ones, what is mounted deeper in place of that, and nobody else sees them', () => {
  using folder = temporaryDirectory();
  const path = (name: string): string => join(folder.path, name);
  for (const directory of ['live/inner', 'live/cache', 'snapshot/data/inner', 'snapshot/data/cache', 'deep', 'loose'])
    mkdirSync(path(directory), { recursive: true });
  writeFileSync(path('live/a'), 'live');
  writeFileSync(path('live/one'), 'live');
  writeFileSync(path('live/cache/new'), 'kept');
  writeFileSync(path('snapshot/data/a'), 'frozen');
  writeFileSync(path('snapshot/data/one'), 'frozen');
  writeFileSync(path('deep/b'), 'deep');
  writeFileSync(path('loose/one'), 'copy');
  const covers = [
    cover(path('snapshot'), path('live'), 'data'),
    cover(path('deep'), path('live/inner')),
    cover(path('loose/one'), path('live/one')),
  ];
  const look = 'cd "$1"; cat a inner/b one cache/new; echo x >cache/written';
  const argv = inMountView(
    { covers, kept: [path('live/cache'), path('live/gone')] },
    [],
    ['sh', '-c', look, 'sh', path('live')],
  );
  assert.equal(see(argv), 'frozendeepcopykept');
  assert.equal(readFileSync(path('live/a'), 'utf8'), 'live');
  assert.equal(readFileSync(path('live/cache/written'), 'utf8'), 'x\n');
  assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(folder.path));
});

test('what cannot be put in place keeps the program from being started', () => {
  using folder = temporaryDirectory();
  const covers = [cover(folder.path, join(folder.path, 'not there'))];
  const argv = inMountView({ covers, kept: [] }, [], ['echo', 'started']);
  assert.throws(() => see(argv), { status: 97, stdout: '' });
});

test('things are put together where the program needs nothing', () => {
  const view = { covers: [cover('/a', '/srv/app')], kept: ['/mnt/nas/repository'] };
  assert.equal(stageFor(view, []), '/dev/shm');
  assert.equal(stageFor(view, ['/dev/shm/password']), '/media');
  assert.equal(stageFor({ covers: [cover('/a', '/dev')], kept: [] }, []), '/mnt');
});

test('a snapshot that another one mounts at the same moment is tried again; whatever else is wrong with it is told at once', () => {
  using folder = temporaryDirectory();
  const bin = join(folder.path, 'bin');
  mkdirSync(bin);
  // what is no snapshot is mounted by the real one
  writeFileSync(
    join(bin, 'mount'),
    `#!/bin/sh
[ "$2" = zfs ] || exec /usr/bin/mount "$@"
echo try >>${folder.path}/tries
[ "$5" = tank@gone ] && { echo "cannot open 'tank@gone': dataset does not exist" >&2; exit 1; }
[ "$(wc -l <${folder.path}/tries)" -gt 2 ] && exit 0
echo 'zfs_mount_at() failed: mountpoint or dataset is busy' >&2
exit 1
`,
    { mode: 0o755 },
  );
  const tries = (snapshot: string): number => {
    writeFileSync(join(folder.path, 'tries'), '');
    const covers = [{ from: { zfs: snapshot }, directory: '', over: folder.path }];
    const argv = inMountView({ covers, kept: [] }, [], ['true']);
    try {
      see(['env', `PATH=${bin}:${process.env['PATH'] ?? ''}`, ...argv]);
    } catch (error) {
      assert.match(String((error as { stderr?: unknown }).stderr), /does not exist/);
    }
    return readFileSync(join(folder.path, 'tries'), 'utf8').split('\n').length - 1;
  };
  assert.equal(tries('tank@busy'), 3);
  assert.equal(tries('tank@gone'), 1);
});
