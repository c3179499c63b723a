// Snapshots by calendar on real OpenZFS, with sanoid from Debian on the same pool: taken together and proven by a listing, pruned but
// for what somebody needs, and neither program touches what is the other's.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import { stepOf } from '../support/cli.ts';
import { holdfast, PASSWORD_FILE, type Section } from './support/holdfast-on.ts';

const skip = missingFor('machine');
const HOURLY = /_hourly$/;
let lab: Lab;
let host: Machine;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', disks: ['200MB', '200MB'], packages: ['sanoid'] });
    const [one = '', two = ''] = host.disks;
    await host.sh(
      `set -e; systemctl disable --quiet --now sanoid.timer
date -s '2031-03-05 10:05:00'; zpool create tank "$1" && zpool create shelf "$2" && zfs create tank/a && zfs create 'tank/my data' && zfs create tank/other
mkdir -p /etc/sanoid && printf '[tank/a]\\nhourly=1\\ndaily=0\\nmonthly=0\\n' >/etc/sanoid/sanoid.conf`,
      [one, two],
    );
    await host.write(PASSWORD_FILE, 'correct horse\n', 0o600);
  },
  { timeout: 600_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

async function declare(zfs: Section): Promise<void> {
  const config = {
    version: 1,
    host: 'forge',
    repositories: { near: { url: '/srv/near', passwordFile: PASSWORD_FILE } },
    services: {},
    replication: { zfs },
  };
  await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify(config));
}

const snapshots = async (...of: string[]): Promise<string[]> =>
  (await host.tell('zfs', 'list', '-Hp', '-t', 'snapshot', '-o', 'name', '-s', 'createtxg', '-r', ...of))
    .split('\n')
    .filter(Boolean);
const sanoid = (...args: string[]): Promise<string> => host.tell('sanoid', '--force-update', '--verbose', ...args);

test('what is due is taken together and known by its property, and once more nothing is due', { skip }, async () => {
  await declare({
    datasets: {
      tank: { hourly: 2, daily: 1, recursive: 'children' },
      shelf: { hourly: 2 },
      'tank/other': { autosnap: false, autoprune: false },
    },
  });
  const taken = await holdfast(host, ['snapshot', 'take']);
  assert.equal(taken.exitCode, 0, JSON.stringify(taken.report.steps));
  const listed = await host.tell(
    'zfs',
    'list',
    '-Hp',
    '-t',
    'snapshot',
    '-o',
    'name,createtxg,holdfast:policy',
    '-r',
    'tank',
    'shelf',
  );
  const rows = listed
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t'));
  assert.deepEqual(rows.map(([name = '']) => name.replace(/holdfast_[\d-]+_[\d:]+_/, '')).toSorted(), [
    'shelf@hourly',
    'tank/a@daily',
    'tank/a@hourly',
    'tank/my data@daily',
    'tank/my data@hourly',
  ]);
  for (const [name = '', , property] of rows) assert.equal(name.split('@holdfast_')[1], property);
  const groups = new Set(rows.flatMap(([name = '', group = '']) => (/^tank.*hourly$/.test(name) ? [group] : [])));
  assert.equal(groups.size, 1, 'all of a kind in one transaction group');
  assert.equal(stepOf(taken.report, 'snapshot-take:tank').outcome, 'succeeded');

  await holdfast(host, ['snapshot', 'take']);
  assert.equal((await snapshots('tank', 'shelf')).length, rows.length);
});

test(
  'a snapshot that is not there has failed, although zfs ended with 0; so has a dataset that is not there',
  { skip },
  async () => {
    await host.write('/root/liar/zfs', '#!/bin/sh\n[ "$1" = snapshot ] && exit 0\nexec /usr/sbin/zfs "$@"\n', 0o755);
    await declare({ datasets: { 'tank/a': { weekly: 1 }, 'tank/gone': { daily: 1 } } });
    const there = await snapshots('tank');
    const lied = await holdfast(host, ['snapshot', 'take'], {
      env: { PATH: '/root/liar:/usr/local/bin:/usr/bin:/usr/sbin:/bin' },
    });
    assert.equal(lied.exitCode, 2);
    assert.match(
      stepOf(lied.report, 'snapshot-take:tank').error?.message ?? '',
      /1 of 1 snapshots are not there: tank\/a@.*_weekly/,
    );
    assert.equal(stepOf(lied.report, 'snapshot-take:tank/gone').error?.code, 'source-missing');
    assert.deepEqual(await snapshots('tank'), there);
  },
);

test('beside sanoid each takes and prunes its own; what is held, cloned or a base stays', { skip }, async () => {
  await declare({ datasets: { 'tank/a': { hourly: 1 }, 'tank/my data': { hourly: 1 } } });
  await sanoid('--take-snapshots');
  const old = await snapshots('tank/a');
  const theirs = old.find((name) => name.includes('@autosnap_')) ?? '';
  const ours = old.find((name) => name.includes('@holdfast_') && HOURLY.test(name)) ?? '';
  await host.sh("zfs snapshot tank/a@by-hand && date -s '2031-03-05 13:05:00' && touch /tank/a/file");
  assert.equal((await holdfast(host, ['snapshot', 'take'])).exitCode, 0);
  await sanoid('--take-snapshots');
  await sanoid('--prune-snapshots', '--force-prune');
  const pruned = await snapshots('tank/a');
  assert.ok(pruned.includes(ours), 'sanoid leaves ours alone');
  assert.ok(!pruned.includes(theirs), 'and prunes its own');

  await host.sh("date -s '2031-03-05 16:05:00'");
  await holdfast(host, ['snapshot', 'take']);
  const all = (await snapshots('tank/a', 'tank/my data')).filter((name) => name.includes('@holdfast_') && HOURLY.test(name));
  assert.equal(all.length, 6);
  const [first = '', second = ''] = all.filter((name) => name.startsWith('tank/a@'));
  const third = all.find((name) => name.startsWith('tank/my data@')) ?? '';
  await host.sh('zfs hold keep "$1" && zfs bookmark "$2" "tank/a#holdfast:nas:1" && zfs clone "$3" tank/clone', [
    first,
    second,
    third,
  ]);
  const { exitCode, report } = await holdfast(host, ['snapshot', 'prune']);
  assert.equal(exitCode, 0, JSON.stringify(report.steps));
  const { result } = stepOf(report, 'snapshot-prune:tank');
  const middle = all.filter((name) => name.startsWith('tank/my data@'))[1] ?? '';
  const dailies = old.filter((name) => name.endsWith('_daily'));
  const { destroyed, needed } = result as {
    destroyed: string[];
    needed: { snapshot: string; reason: string }[];
  } & typeof result;
  assert.ok(destroyed.includes(middle) && dailies.every((name) => destroyed.includes(name)));
  assert.ok(
    destroyed.every((name) => name === middle || /@holdfast_.*_daily$/.test(name)),
    destroyed.join(),
  );
  assert.deepEqual(
    needed.map(({ snapshot, reason }) => [snapshot, reason]),
    [
      [first, 'held (zfs holds)'],
      [second, 'the base of a replication'],
      [third, 'cloned'],
    ],
  );
  const left = await snapshots('tank');
  assert.ok(left.includes('tank/a@by-hand') && left.some((name) => name.includes('@autosnap_')), 'foreign ones stay');
});

test('taken over from sanoid: each counts what the other took, and sanoid has nothing left to do', { skip }, async () => {
  await declare({ adopt: 'sanoid', datasets: { 'tank/a': { hourly: 1 } } });
  await host.sh(
    "zfs release keep \"$(zfs list -H -t snapshot -o name,userrefs tank/a | awk '$2 > 0 {print $1}')\"; date -s '2031-03-05 19:05:00'",
  );
  await sanoid('--take-snapshots');
  const theirs = await snapshots('tank/a');
  assert.equal((await holdfast(host, ['snapshot', 'take'])).exitCode, 0);
  assert.deepEqual(await snapshots('tank/a'), theirs, 'what sanoid took in this hour counts');
  await host.sh("date -s '2031-03-05 22:05:00'");
  await holdfast(host, ['snapshot', 'take']);
  const ours = await snapshots('tank/a');
  assert.match(ours.at(-1) ?? '', /@autosnap_.*_hourly$/);
  await sanoid('--take-snapshots');
  assert.deepEqual(await snapshots('tank/a'), ours, 'and sanoid counts ours');
  await holdfast(host, ['snapshot', 'prune']);
  const left = await snapshots('tank/a');
  assert.deepEqual(
    left.filter((name) => name.includes('@autosnap_')),
    ours.slice(-1),
    'older ones go, whoever took them',
  );
  assert.ok(left.includes('tank/a@by-hand'));
});

test('the timers do it under their restrictions', { skip, timeout: 300_000 }, async () => {
  await declare({ datasets: { shelf: { hourly: 1, monthly: 1 } } });
  assert.equal((await holdfast(host, ['units', 'install'])).exitCode, 0);
  await host.sh('systemctl start holdfast-snapshot-take.service holdfast-snapshot-prune.service');
  assert.ok((await snapshots('shelf')).some((name) => name.endsWith('_monthly')));
  const timers = await host.tell('systemctl', 'list-timers', '--all', '--no-legend', 'holdfast-snapshot-*');
  assert.match(timers, /holdfast-snapshot-take\.timer/);
});
