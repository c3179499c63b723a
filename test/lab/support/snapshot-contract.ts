// What a backup from temporary snapshots promises on every file system that has them, as somebody finds it who runs the command line
// on a host: one moment, nothing read twice, nothing left behind however it ends, nothing of anybody else's touched.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../../../lab/host.ts';
import { textAt } from '../../../src/lib/json.ts';
import { stepOf } from '../../support/cli.ts';
import { type Answer, configure, holdfast, restic, type Section } from './holdfast-on.ts';
import { quickRepositories } from './quick-on.ts';

export const NEAR = '/var/backups/near';
export const FAR = '/var/backups/far';

/** One kind of file system, on its host. */
export interface SnapshotHost {
  host(): Host;
  readonly skip: string | false;
  /** The program that makes and removes snapshots, where it is, and how it is called for that: shell patterns of its arguments. */
  readonly program: { readonly path: string; readonly take: string; readonly remove: string };
  /** Snapshots that there are, by their names. */
  list(): Promise<string[]>;
  /** The second path is a dataset or subvolume within the first. */
  readonly names: RegExp;
  /** Makes snapshots that are not ours: under the very name of one that is gone, and beside it with a name like ours. Answers with both. */
  forge(name: string): Promise<string[]>;
}

/** A database whose owner died: its last row is in the journal beside it only. */
const DATABASE = String.raw`cd /srv/app/data && /opt/holdfast/node --no-warnings -e "
const { DatabaseSync } = require('node:sqlite');
const database = new DatabaseSync('app.db');
database.exec('PRAGMA journal_mode = wal; CREATE TABLE a (x); INSERT INTO a VALUES (1)');
process.kill(process.pid, 'SIGKILL');" || test -s app.db-wal`;

const DATA = String.raw`set -e
mkdir /srv/app/data /srv/app/tmp
for n in 1 2 3 4 5; do echo $n >/srv/app/data/$n; echo $n >/srv/app/media/$n; done
mount -t tmpfs tmpfs /srv/app/tmp
echo gone >/srv/app/tmp/scratch
mkdir -p /srv/loose /srv/plain
echo loose >/srv/loose/file
echo plain >/srv/plain/file`;

/** /srv/app and, in it, /srv/app/media are there, each with snapshots of its own; /srv/loose is not. */
export async function prepare(host: Host, more: Record<string, Section> = {}): Promise<void> {
  const near = { useSnapshots: true, repositories: ['near'] };
  await configure(host, {
    repositories: { near: { url: NEAR, concurrency: 2 }, far: { url: FAR } },
    services: {
      app: {
        backup: {
          paths: ['/srv/app'],
          useSnapshots: true,
          exclude: ['/srv/app/tmp', '*.db', '*.db-*'],
          databases: [{ type: 'sqlite', path: '/srv/app/data/app.db' }],
        },
      },
      media: { backup: { ...near, paths: ['/srv/app/media'] } },
      plain: { backup: { paths: ['/srv/plain'], repositories: ['near'] } },
      loose: { backup: { ...near, paths: ['/srv/loose', '/srv/app/data'] } },
      ...more,
    },
  });
  await host.sh(DATA);
  await host.sh(DATABASE);
  await quickRepositories(host, [NEAR, FAR]);
}

export const namesOf = ({ report }: Answer, id: string): string[] => {
  const names = stepOf(report, id).result?.['snapshots'];
  return Array.isArray(names) ? names.map(String) : [];
};

const idOf = ({ report }: Answer, id: string): string => textAt(stepOf(report, id).result ?? {}, 'snapshotId');

/** No snapshot, no mount in any process, no spool. */
export async function assertNothingLeft(of: SnapshotHost): Promise<void> {
  assert.deepEqual(await of.list(), []);
  const { stdout } = await of
    .host()
    .sh(
      'cat /proc/[0-9]*/mountinfo 2>/dev/null | grep holdfast-0 || true; ls -A /var/lib/holdfast/spool /dev/shm | grep -v : || true',
    );
  assert.equal(stdout.trim(), '');
}

/** Runs it with a restic that does something when it is about to save; `command` sees the live files below /proc/1/root. */
export async function runAnd(host: Host, command: string, args: readonly string[]): Promise<Answer> {
  await host.sh(
    String.raw`set -e
mv /usr/bin/restic /usr/bin/restic.real
printf '%s\n' '#!/bin/sh' "case \"\$*\" in *backup*--host*--tag=holdfast:job*) $1 ;; esac" 'exec restic.real "$@"' >/usr/bin/restic
chmod 755 /usr/bin/restic`,
    [command],
  );
  const ran = await holdfast(host, args);
  await host.sh('mv /usr/bin/restic.real /usr/bin/restic');
  return ran;
}

export function snapshotContract(kind: string, of: SnapshotHost): void {
  const { skip, program } = of;

  test(`${kind}: all of a service, what lies within it and its database are saved from snapshots`, { skip }, async () => {
    const host = of.host();
    const ran = await holdfast(host, ['run', 'app']);
    assert.equal(ran.exitCode, 0, JSON.stringify(ran.report.steps));
    for (const id of ['backup:app@near', 'backup:app@far']) {
      const { result, outcome } = stepOf(ran.report, id);
      assert.equal(outcome, 'succeeded');
      assert.match(namesOf(ran, id).join(' '), of.names);
      const { filesNew, databasesInSnapshot, databases } = result ?? {};
      assert.deepEqual([filesNew, databasesInSnapshot, databases], [12, ['/srv/app/data/app.db'], []]);
    }
    await assertNothingLeft(of);
    const listed = (await restic(host, FAR, ['ls', '--quiet', idOf(ran, 'backup:app@far')])).split('\n');
    for (const path of ['data/app.db', 'data/app.db-wal', 'media/5'])
      assert.ok(listed.includes(`/srv/app/${path}`), listed.join('\n'));
    assert.ok(!listed.some((path) => path.includes('holdfast-') || path.endsWith('scratch')), listed.join('\n'));
  });

  test(`${kind}: restic finds the copy before it, reads nothing again and writes next to nothing`, { skip }, async () => {
    const { report } = await holdfast(of.host(), ['run', 'app', '--repository', 'near']);
    const { result, outcome } = stepOf(report, 'backup:app@near');
    const { filesUnmodified, filesNew, filesChanged, bytesAdded } = result ?? {};
    assert.deepEqual([outcome, filesUnmodified, filesNew, filesChanged], ['succeeded', 12, 0, 0]);
    assert.ok(Number(bytesAdded) < 3000, JSON.stringify(bytesAdded));
  });

  test(`${kind}: what is written while restic reads is not in the copy`, { skip }, async () => {
    const host = of.host();
    await host.sh('echo before >/srv/app/media/moment');
    const ran = await runAnd(host, 'echo after >/proc/1/root/srv/app/media/moment', ['run', 'media']);
    assert.equal(stepOf(ran.report, 'backup:media@near').outcome, 'succeeded');
    assert.equal(await host.read('/srv/app/media/moment'), 'after\n');
    assert.equal(await restic(host, NEAR, ['dump', idOf(ran, 'backup:media@near'), '/srv/app/media/moment']), 'before');
  });

  test(`${kind}: what has no snapshots is saved as it lives, and that is partial`, { skip }, async () => {
    const host = of.host();
    const ran = await holdfast(host, ['run', 'loose']);
    const { outcome, reason } = stepOf(ran.report, 'backup:loose@near');
    assert.equal(outcome, 'partial');
    assert.match(reason ?? '', /^\/srv\/loose is read as it lives, not from a snapshot: its file system, \w+, has none$/);
    assert.equal(namesOf(ran, 'backup:loose@near').length, 1);
  });

  test(
    `${kind}: killed at any point, the next start removes what is left, and nothing that is not its own`,
    { skip },
    async () => {
      const host = of.host();
      const killed = async (when: string, pattern: string): Promise<void> => {
        const { path } = program;
        const kill = `case "$*" in ${pattern}) kill -9 $PPID; ${when === 'before' ? 'exit 1' : ':'} ;; esac`;
        const lines = when === 'before' ? [kill, `exec ${path} "$@"`] : [`${path} "$@"; code=$?`, `${kill}; exit $code`];
        const over = path.replace(/.*\//, '/usr/local/bin/');
        await host.sh(String.raw`printf '%s\n' '#!/bin/sh' "$2" "$3" >"$1" && chmod 755 "$1"`, [over, ...lines]);
        await host.exec(['holdfast', 'run', 'media'], { anyExit: true });
        await host.sh('rm "$1"', [over]);
      };
      await killed('after', program.take);
      const [first = '', ...others] = await of.list();
      assert.deepEqual([first.includes('holdfast-'), others], [true, []]);
      const foreign = await of.forge(first);
      await killed('before', program.remove); // it finds what the first had left, and dies when its own is to go
      await killed('before', program.remove); // and this one when it is to clean up after that
      assert.equal((await of.list()).length, foreign.length + 1);
      const { report } = await holdfast(host, ['run', 'plain']);
      assert.match(report.warnings.join('\n'), /cleaned up after run \w+, which died .*: snapshot/);
      assert.deepEqual((await of.list()).toSorted(), foreign.toSorted());
    },
  );

  test(`${kind}: it works the same in the unit that is generated for it`, { skip }, async () => {
    const host = of.host();
    for (const name of await of.list()) await host.sh(`${program.path} ${program.remove.replaceAll('*', ' ')} "$1"`, [name]);
    await host.sh('echo new >/srv/app/data/new && holdfast units install && systemctl start holdfast-run@media.service');
    const { stdout } = await host.exec(['holdfast', '--json', 'history']);
    const { runs } = JSON.parse(stdout) as { runs: readonly { outcome: string }[] };
    assert.equal(runs[0]?.outcome, 'succeeded', stdout.slice(0, 1000));
    await assertNothingLeft(of);
  });
}
