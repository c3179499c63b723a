// The power of a machine fails in the middle of a run, at any moment: what was recorded is true, and the next run goes on.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import { stepOf } from '../support/cli.ts';
import { configure, holdfast, restic, snapshotIds } from './support/holdfast-on.ts';

const CUTS = 6;
const REPOSITORY = '/tank/near';
const STATE = '/var/lib/holdfast';
const RETENTION = { last: 2 };
const skip = missingFor('machine');

let lab: Lab;
let host: Machine;
/** How long a run takes that nothing happens to, in milliseconds. */
let whole: number;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', disks: ['1GB'] });
    // Not on ZFS: after a cut its log may be replayed with a file's end rounded up to a whole record (OpenZFS 2.3), and restic then
    // refuses a pack of that size, as it should.
    const [disk = ''] = host.disks;
    await host.sh('mkfs.ext4 -q "$1" && mkdir /tank && echo "$1 /tank ext4 defaults 0 2" >>/etc/fstab && mount /tank', [
      disk,
    ]);
    await configure(host, {
      repositories: { near: { url: REPOSITORY, mounted: '/tank' } },
      services: {
        notes: { backup: { paths: ['/srv/notes'], retention: RETENTION } },
        app: {
          backup: { paths: ['/srv/app'], databases: [{ type: 'sqlite', path: '/srv/app/app.db' }], retention: RETENTION },
        },
      },
    });
    await host.sh('mkdir -p /srv/notes /srv/app && sqlite3 /srv/app/app.db "create table t (x); insert into t values (0)"');
    assert.equal((await holdfast(host, ['repository', 'init', 'near'])).exitCode, 0);
    assert.equal((await holdfast(host, ['run'])).exitCode, 0);
    await change(0);
    const begin = performance.now();
    assert.equal((await holdfast(host, ['run'])).exitCode, 0);
    whole = performance.now() - begin;
  },
  { timeout: 600_000 },
);
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

const change = (round: number): Promise<unknown> =>
  host.sh(
    'head -c 4M /dev/urandom >/srv/notes/$1 && sqlite3 /srv/app/app.db "insert into t select hex(randomblob(1000)) from t" && sync',
    [String(round)],
  );

/** Snapshots that the journal says were made. */
async function recordedSnapshots(): Promise<string[]> {
  const { stdout } = await host.exec(['sqlite3', '-readonly', `${STATE}/journal.db`, RECORDED]);
  return stdout.split('\n').filter(Boolean);
}
const RECORDED = `select json_extract(result, '$.snapshotId') from steps where outcome = 'succeeded' and id like 'backup:%' and result like '%snapshotId%'`;

const sql = (query: string): Promise<string> => host.tell('sqlite3', `${STATE}/journal.db`, query);

for (let cut = 1; cut <= CUTS; cut += 1) {
  test(
    `power cut ${cut} of ${CUTS} at a random moment of a run: no success is recorded that the repository does not have, and the next run succeeds`,
    { skip, timeout: 600_000 },
    async (t) => {
      await change(cut);
      const running = holdfast(host, ['run']).then(
        () => 'over',
        () => 'cut',
      );
      const moment = whole * (0.15 + 0.8 * Math.random()); // the first is Node.js starting
      await delay(moment); // the random moment is the point
      await host.powerCut();
      t.diagnostic(`${Math.round(moment)} of about ${Math.round(whole)} ms: ${await running}`);
      await host.boot();

      assert.equal(await sql('PRAGMA integrity_check'), 'ok');
      const there = new Set(await snapshotIds(host, REPOSITORY));
      assert.deepEqual(
        (await recordedSnapshots()).filter((id) => !there.has(id)),
        [],
      );
      const { exitCode, report } = await holdfast(host, ['run']);
      assert.equal(exitCode, 0, JSON.stringify(report.steps));
      assert.equal(await sql('select count(*) from effects where settled_at is null'), '0');
      assert.equal(await sql('select count(*) from runs where outcome is null'), '0');
      assert.equal(await host.tell('find', `${STATE}/spool`, '-type', 'f'), '');
    },
  );
}

test(
  'after all of them no lock of the dead is in the way, or it is told which stranger would die of clearing it',
  { skip, timeout: 600_000 },
  async (t) => {
    const confirmed = ['--confirm', 'notes', '--confirm', 'app']; // more than half goes
    const { exitCode, report, stderr } = await holdfast(host, ['retention', 'apply', ...confirmed, '--wait', '0']);
    const { error, warnings } = stepOf(report, 'retention:near');
    t.diagnostic(error?.message ?? warnings.join());
    if (error === null) {
      assert.equal(exitCode, 0, JSON.stringify(report.steps));
      assert.equal(await host.tell('ls', `${REPOSITORY}/locks`), '');
      return;
    }
    // A stranger has the number of a dead restic, which is not rare so early after a boot.
    assert.deepEqual([exitCode, error.code], [75, 'repository-locked'], JSON.stringify(report.steps));
    assert.match(error.message, /^locked by process \d+ \(root\) on forge for /);
    assert.match(
      stderr,
      /its stale locks stay: process \d+ \(root\) on forge is gone, but .+ has its number now, .* in \d+[ms]$/m,
    );
  },
);

test('after all of them the repository is sound, and has what was there last', { skip, timeout: 600_000 }, async () => {
  // Without a lock: one of the dead may still be in the way.
  assert.match(await restic(host, REPOSITORY, ['check', '--read-data', '--no-lock']), /no errors were found/);
  const listed = await restic(host, REPOSITORY, ['ls', 'latest', '--no-lock', '--tag', 'holdfast:job=notes', '/srv/notes']);
  for (let cut = 0; cut <= CUTS; cut += 1) assert.match(listed, new RegExp(`/srv/notes/${cut}$`, 'm'));
});
