// Replication to another machine, over a network that falls silent, from and to a machine that loses its power, all in mid-stream. The
// ssh server of the other machine notices neither the silence nor the sender's end for hours: what waits there is in the way.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import type { Network } from '../../lab/network/network.ts';
import { missingFor } from '../../lab/requirements.ts';
import { stepOf } from '../support/cli.ts';
import { type Answer, holdfast } from './support/holdfast-on.ts';

const skip = missingFor('machine', 'network');
const MB = 1_000_000;
const STEP = 'replicate:tank/app@hub';

let lab: Lab;
let network: Network;
let forge: Machine;
let hub: Machine;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    network = await lab.network(['forge', 'hub']);
    forge = await lab.machine({ name: 'forge', network, disks: ['300MB'] });
    hub = await lab.machine({ name: 'hub', network, disks: ['300MB'] });
    await forge.sh(
      `set -e
zpool create -O mountpoint=none tank "$1" && zfs create -o mountpoint=/srv/app tank/app && echo one >/srv/app/file
zfs snapshot tank/app@one
mkdir -m 700 -p /root/.ssh && ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519`,
      forge.disks,
    );
    await forge.write('/root/.ssh/config', 'StrictHostKeyChecking accept-new\n');
    await hub.sh(
      'set -e; zpool create -O mountpoint=none vault "$1" && zfs create vault/forge && systemctl enable --now ssh',
      [...hub.disks],
    );
    await hub.write('/root/.ssh/authorized_keys', await forge.read('/root/.ssh/id_ed25519.pub'), 0o600);
    await declare({ limit: '2MiB/s' });
  },
  { timeout: 900_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

async function declare(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const target = { destination: 'root@hub:vault/forge', datasets: ['tank/app'], ...more };
  const config = { version: 1, host: 'forge', replication: { zfs: { targets: { hub: target } } } };
  await forge.write('/etc/holdfast/holdfast.yaml', JSON.stringify(config));
}

const guids = async (machine: Machine, dataset: string): Promise<string[]> =>
  (await machine.tell('zfs', 'list', '-Hpo', 'guid', '-t', 'snapshot', '-d', '1', '-s', 'createtxg', dataset)).split('\n');
const sent = ({ report }: Answer): number => Number(stepOf(report, STEP).result?.['bytesSent']);

/** What happens when about a quarter of 40 MB has come through. */
async function replicateThrough(happening: () => Promise<void>): Promise<Answer> {
  const taken = await hub.tell('zpool', 'get', '-Hpo', 'value', 'allocated', 'vault');
  const running = holdfast(forge, ['replicate']);
  const through = hub.sh(
    'until [ "$(zpool get -Hpo value allocated vault)" -gt "$(($1 + 10000000))" ]; do sleep 0.2; done',
    [taken],
  );
  const tooSoon = running.then(({ report }) => assert.fail(`it ended before: ${JSON.stringify(report.steps)}`));
  for (const each of [through, tooSoon]) each.catch(() => {}); // whichever is not waited for any more
  await Promise.race([through, tooSoon]);
  await happening();
  return await running;
}

const grow = (name: string): Promise<unknown> =>
  forge.sh('head -c 40000000 /dev/urandom >/srv/app/$1 && zfs snapshot tank/app@$1', [name]);

/** Once what still waits at the target, if anything does, was ended. */
async function assertGoesOn({ waiting }: { readonly waiting: boolean }): Promise<void> {
  assert.equal((await hub.exec(['pgrep', '--exact', 'zfs'], { anyExit: true })).exitCode, waiting ? 0 : 1);
  const again = await holdfast(forge, ['replicate']);
  assert.equal(again.exitCode, 0, JSON.stringify(again.report.steps));
  const warnings = stepOf(again.report, STEP).warnings.join('\n');
  if (waiting) assert.match(warnings, /^on hub an earlier stream to vault\/forge\/app still waited/);
  else assert.equal(warnings, '');
  assert.ok(sent(again) < 34 * MB, `of 40 MB ${sent(again)} bytes were sent again`);
  assert.deepEqual(await guids(hub, 'vault/forge/app'), await guids(forge, 'tank/app'));
}

test('the first time everything comes over, and is never mounted there', { skip }, async () => {
  const { exitCode, report } = await holdfast(forge, ['replicate']);
  assert.equal(exitCode, 0, JSON.stringify(report.steps));
  assert.deepEqual(await guids(hub, 'vault/forge/app'), await guids(forge, 'tank/app'));
  assert.equal(await hub.tell('zfs', 'get', '-Hpo', 'value', 'mounted', 'vault/forge/app'), 'no');
});

test(
  'a network that falls silent in mid-stream ends it within minutes, and what had arrived is not sent again',
  { skip, timeout: 900_000 },
  async () => {
    await grow('two');
    const answer = await replicateThrough(async () => network.cut('forge', 'hub'));
    const { outcome, error } = stepOf(answer.report, STEP);
    assert.equal(outcome, 'failed');
    assert.match(error?.message ?? '', /the connection to hub broke|hub/);
    network.heal();
    await declare();
    await assertGoesOn({ waiting: true });
  },
);

test('a source that loses its power in mid-stream goes on when it is back', { skip, timeout: 900_000 }, async () => {
  await declare({ limit: '2MiB/s' });
  await grow('three');
  await assert.rejects(replicateThrough(async () => await forge.powerCut()));
  await forge.boot();
  await declare();
  await assertGoesOn({ waiting: true });
});

test('a target that loses its power in mid-stream is gone on with when it is back', { skip, timeout: 900_000 }, async () => {
  await declare({ limit: '2MiB/s' });
  await grow('four');
  const answer = await replicateThrough(async () => await hub.powerCut());
  assert.equal(stepOf(answer.report, STEP).outcome, 'failed');
  await hub.boot();
  await declare();
  await assertGoesOn({ waiting: false });
  assert.equal(await hub.tell('zpool', 'status', '-x'), 'all pools are healthy');
});
