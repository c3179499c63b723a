// A repository on another host, and a network between them that fails in the middle of a run.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Network } from '../../lab/network/network.ts';
import { missingFor } from '../../lab/requirements.ts';
import { snapshotOf, stepOf } from '../support/cli.ts';
import { type Answer, configure, holdfast, restic, snapshotIds } from './support/holdfast-on.ts';

const skip = missingFor('container', 'network');
const URL = 'sftp:root@hub:/srv/repository';
const STEP = 'backup:notes@hub';

let lab: Lab;
let network: Network;
let forge: Container;
let hub: Container;

before(async () => {
  if (skip) return;
  lab = await openLab();
  network = await lab.network(['forge', 'hub']);
  [forge, hub] = (await Promise.all(['forge', 'hub'].map((name) => lab.container({ name, network })))) as [
    Container,
    Container,
  ];
  await forge.sh('mkdir -m 700 -p .ssh && ssh-keygen -q -t ed25519 -N "" -f .ssh/id_ed25519');
  await forge.write('/root/.ssh/config', 'StrictHostKeyChecking accept-new\n');
  await hub.exec(['systemctl', 'start', 'ssh.service']);
  await hub.write('/root/.ssh/authorized_keys', await forge.read('/root/.ssh/id_ed25519.pub'), 0o600);
  await declare('5m');
  assert.equal((await holdfast(forge, ['repository', 'init', 'hub'])).exitCode, 0);
});
after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

async function declare(timeout: string): Promise<void> {
  await configure(forge, {
    repositories: { hub: { url: URL, limits: { upload: '8MiB/s' } } },
    services: { notes: { backup: { paths: ['/srv/notes'], timeout } } },
  });
  await forge.sh('mkdir -p /srv/notes && head -c 60M /dev/urandom >/srv/notes/large');
}

/** A run in the middle of which something happens to the network: when the first data of it has arrived. */
async function runThrough(happening: () => Promise<void>): Promise<Answer> {
  const packs = (): Promise<string> => hub.tell('sh', '-c', 'find /srv/repository/data -type f | wc -l');
  const few = await packs();
  const running = holdfast(forge, ['run']);
  await hub.sh('until [ "$(find /srv/repository/data -type f | wc -l)" != "$1" ]; do sleep 0.05; done', [few]);
  await happening();
  return await running;
}

async function assertNextRunSucceeds(): Promise<void> {
  const { exitCode, report } = await holdfast(forge, ['run']);
  assert.equal(exitCode, 0, JSON.stringify(stepOf(report, STEP).error));
  assert.ok((await snapshotIds(forge, URL)).includes(snapshotOf(report, STEP)));
}

test('a network that comes back in time costs a run nothing but time', { skip }, async () => {
  await declare('5m');
  const { exitCode, report } = await runThrough(async () => {
    network.cut('forge', 'hub');
    await forge.sh('sleep 3'); // this long nothing arrives
    network.heal();
  });
  assert.equal(exitCode, 0, JSON.stringify(stepOf(report, STEP).error));
  await assertNextRunSucceeds();
});

test(
  'a network that stays away ends a run at its time limit, and the lock that restic could not take back blocks nobody',
  { skip },
  async () => {
    await declare('15s');
    const { exitCode, report } = await runThrough(async () => network.cut('forge', 'hub'));
    assert.equal(exitCode, 2);
    const { outcome, error } = stepOf(report, STEP);
    assert.deepEqual([outcome, error?.code], ['timed-out', 'timed-out']);
    assert.match(error?.hint ?? '', /network/);
    assert.equal((await forge.exec(['pgrep', '-x', 'restic|ssh'], { anyExit: true })).exitCode, 1, 'no child outlives it');
    network.heal();
    assert.notEqual(await hub.tell('ls', '/srv/repository/locks'), '', 'the lock of the dead run is still there');
    await declare('5m');
    await assertNextRunSucceeds();
    // Another backup is not in the way of a dead one's lock; retention is, because it needs the repository for itself.
    const applied = await holdfast(forge, ['retention', 'apply']);
    assert.equal(applied.exitCode, 0, JSON.stringify(applied.report.steps));
    assert.equal(await hub.tell('ls', '/srv/repository/locks'), '');
    assert.match(await restic(forge, URL, ['check']), /no errors were found/);
  },
);

test('a host that does not answer at all is a cause, not an empty repository', { skip }, async () => {
  await declare('5s');
  network.cut('forge', 'hub');
  const { exitCode, report } = await holdfast(forge, ['run']);
  network.heal();
  assert.equal(exitCode, 2);
  assert.match(stepOf(report, STEP).error?.code ?? '', /^(timed-out|repository-unreachable)$/);
  await declare('5m');
  await assertNextRunSucceeds();
});
