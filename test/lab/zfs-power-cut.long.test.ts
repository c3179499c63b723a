// The power of a machine fails while it takes snapshots, prunes them, backs up from them and replicates, at any moment, and again while it
// goes on: what is somebody else's is untouched, nothing temporary stays, and the next time everything goes on.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import { type Duration, duration } from '../../src/domain/duration.ts';
import { later } from '../../src/domain/instant.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { holdfast, PASSWORD_FILE, restic } from './support/holdfast-on.ts';

/** With two power cuts each. */
const ROUNDS = 10;
/** In an order in which nothing is left to do afterwards: a replica is as new as its source. */
const COMMANDS = [['run'], ['snapshot', 'take'], ['replicate'], ['snapshot', 'prune']] as const;
const REPOSITORY = '/srv/near';
const STATE = '/var/lib/holdfast';
const skip = missingFor('machine');
const timeout = duration(30, 'm');

let lab: Lab;
let host: Machine;
/** How far its clock is. */
let ahead = duration(0, 's');
/** How long each of them took the last time that nothing happened to it, in milliseconds. */
const whole = new Map<string, number>();

const CONFIG = {
  version: 1,
  host: 'forge',
  repositories: { near: { url: REPOSITORY, passwordFile: PASSWORD_FILE } },
  services: { app: { backup: { paths: ['/srv/app'], useSnapshots: true, zfsDataset: 'tank/app' } } },
  replication: {
    zfs: {
      datasets: { 'tank/app': { frequently: 2, hourly: 2, daily: 0, monthly: 0 } },
      targets: { vault: { destination: 'vault/forge', datasets: ['tank/app'] } },
    },
  },
};

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', disks: ['400MB', '400MB'] });
    await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify(CONFIG));
    await host.write(PASSWORD_FILE, 'correct horse\n', 0o600);
    await host.sh(
      `set -e
zpool create -O mountpoint=none tank "$1" && zpool create -O mountpoint=none vault "$2" && zfs create vault/forge
zfs create -o mountpoint=/srv/app tank/app && echo 0 >/srv/app/0 && zfs snapshot tank/app@mine && zfs hold mine tank/app@mine
holdfast repository init near`,
      host.disks,
    );
    for (const command of COMMANDS) {
      await change(0);
      await complete(command);
    }
  },
  { timeout },
);
after(async () => await lab?.[Symbol.asyncDispose]());

/** New data, and a quarter of an hour later, also after the next boot: something is due, and something is old. */
async function change(round: number): Promise<void> {
  await host.sh('head -c 3M /dev/urandom >/srv/app/$1 && sync', [String(round)]);
  ahead = (ahead + duration(15, 'm')) as Duration; // a sum of them
  await host.setClock(later(systemClock.now(), ahead));
}

const lines = async (...argv: [string, ...string[]]): Promise<string[]> =>
  (await host.tell(...argv)).split('\n').filter(Boolean);
const snapshots = (dataset: string): Promise<string[]> =>
  lines('zfs', 'list', '-Hpo', 'guid,name', '-t', 'snapshot', '-d', '1', '-s', 'createtxg', dataset);
const guidsOf = (rows: readonly string[]): string[] => rows.map((row) => row.split('\t')[0] ?? '');

async function complete(command: readonly string[]): Promise<void> {
  const begin = performance.now();
  const { exitCode, report } = await holdfast(host, command);
  assert.equal(exitCode, 0, `${command.join(' ')}: ${JSON.stringify(report.steps)}`);
  whole.set(command.join(' '), performance.now() - begin);
}

async function cutDuring(command: readonly string[]): Promise<string> {
  const time = whole.get(command.join(' ')) ?? 0;
  const moment = time * (0.15 + 0.85 * Math.random()); // the first is Node.js starting
  const running = holdfast(host, command).then(
    () => 'over',
    () => 'cut',
  );
  await delay(moment); // the random moment is the point
  await host.powerCut();
  const how = `${Math.round(moment)} of about ${Math.round(time)} ms: ${await running}`;
  await host.boot();
  return how;
}

for (let round = 1; round <= ROUNDS; round += 1) {
  const command = COMMANDS[(round - 1) % COMMANDS.length] ?? ['run'];
  test(
    `power cuts ${2 * round - 1} and ${2 * round}, at random moments of ${command.join(' ')}`,
    { skip, timeout },
    async (t) => {
      await change(round);
      if (command[0] === 'replicate' || command[1] === 'prune') await complete(['snapshot', 'take']);
      t.diagnostic(await cutDuring(command));
      t.diagnostic(await cutDuring(command));
      for (const again of COMMANDS) await complete(again);
      const rows = await snapshots('tank/app');
      assert.ok(rows.some((row) => row.endsWith('tank/app@mine')));
      assert.deepEqual(
        rows.filter((row) => row.includes('@holdfast-')),
        [],
      );
      assert.equal(await host.tell('zfs', 'holds', '-H', 'tank/app@mine').then((text) => text.includes('\tmine\t')), true);
      assert.equal(
        guidsOf(await snapshots('vault/forge/app')).at(-1),
        guidsOf(rows).at(-1),
        'the replica is as new as its source',
      );
      assert.equal(
        await host.tell('sqlite3', `${STATE}/journal.db`, 'select count(*) from effects where settled_at is null'),
        '0',
      );
      assert.equal(
        await host.tell('sqlite3', `${STATE}/journal.db`, 'select count(*) from runs where outcome is null'),
        '0',
      );
      const pools = await host.tell('zpool', 'status', '-x');
      assert.equal(pools, 'all pools are healthy');
    },
  );
}

test('after all of them the repository is sound, and has what was there last', { skip, timeout }, async () => {
  assert.match(await restic(host, REPOSITORY, ['check', '--read-data', '--no-lock']), /no errors were found/);
  const listed = await restic(host, REPOSITORY, ['ls', 'latest', '--no-lock', '/srv/app']);
  for (let round = 0; round <= ROUNDS; round += 1) assert.match(listed, new RegExp(`/srv/app/${round}$`, 'm'));
});
