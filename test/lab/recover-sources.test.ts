// Lost data from real snapshots of OpenZFS and from a replica behind ssh: the newest that has it, nothing rolled back, nothing left over;
// what cannot give it back is passed over for the next source. One story, for each test begins where the one before has ended.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import type { StepReport } from '../../src/domain/report.ts';
import { textAt } from '../../src/lib/json.ts';
import { stepOf } from '../support/cli.ts';
import { type Answer, holdfast, PASSWORD_FILE } from './support/holdfast-on.ts';

const skip = missingFor('machine');
let lab: Lab;
let host: Machine;

const SCENE = String.raw`
set -e
zpool create -O mountpoint=none tank $1
zpool create -O mountpoint=none vault $2
zfs create -o mountpoint=/srv/app tank/app
echo passphrase >/root/key
zfs create -o encryption=on -o keyformat=passphrase -o keylocation=file:///root/key -o pbkdf2iters=100000 -o mountpoint=/srv/safe tank/safe
echo secret >/srv/safe/file
zfs snapshot tank/safe@one
zfs create vault/forge
useradd --create-home --shell /bin/bash replica
zfs allow -u replica receive,create,mount,canmount,readonly,hold,release,destroy vault/forge
mkdir -p /root/.ssh ~replica/.ssh
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cp /root/.ssh/id_ed25519.pub ~replica/.ssh/authorized_keys
chown -R replica ~replica/.ssh
chmod 700 ~replica/.ssh
systemctl start ssh
for key in /etc/ssh/ssh_host_*_key.pub; do echo "localhost $(cat $key)"; done >/root/.ssh/known_hosts
cd /srv/app
mkdir -m 2750 data
echo '{"at": 1}' >data/state.json
head -c 3000000 /dev/urandom >data/big
ln data/big data/again
chown daemon data/big
`;

const config = {
  version: 1,
  host: 'forge',
  repositories: { near: { url: '/mnt/near', passwordFile: PASSWORD_FILE } },
  replication: {
    zfs: { targets: { nas: { destination: 'replica@localhost:vault/forge', datasets: ['tank/app', 'tank/safe'] } } },
  },
  services: {
    app: {
      backup: { paths: ['/srv/app'], repositories: ['near'] },
      protection: { validators: [{ type: 'json', path: 'data/state.json' }], allowEmptyStart: true },
      recover: { sources: ['snapshot', 'replica', 'repository'] },
    },
    safe: { backup: { paths: ['/srv/safe'] }, recover: { sources: ['replica'] } },
  },
};

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', disks: ['200MB', '200MB'] });
    await host.sh(SCENE, host.disks);
    await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify(config));
    await host.write(PASSWORD_FILE, 'correct horse\n', 0o600);
    await host.exec(['holdfast', 'repository', 'init', 'near']);
    await host.exec(['holdfast', 'run', 'app']);
    await host.sh(`cd /srv/app/data && echo '{"at": 2}' >state.json && zfs snapshot tank/app@autosnap_1`);
    await host.exec(['holdfast', 'replicate']);
    await host.sh(`cd /srv/app/data && echo '{"at": 3}' >state.json && zfs snapshot tank/app@autosnap_2`);
  },
  { timeout: 600_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

const lose = (): Promise<unknown> => host.sh('cd /srv/app && find . -mindepth 1 -delete');
const state = (): Promise<string> => host.read('/srv/app/data/state.json');
const snapshots = (dataset: string): Promise<string> =>
  host.tell('zfs', 'list', '-Ho', 'name', '-t', 'snapshot', '-s', 'createtxg', dataset);

async function recover(...args: readonly string[]): Promise<Answer & { readonly step: StepReport }> {
  const answer = await holdfast(host, ['recover', 'app', ...args]);
  return { ...answer, step: stepOf(answer.report, 'recover:app') };
}

/** No dataset of ours, no mount, no staging. */
async function assertNothingLeft(): Promise<void> {
  const { stdout } = await host.sh(`zfs list -Hro name tank vault; cat /proc/mounts; ls -A /srv/app`);
  assert.doesNotMatch(stdout, /holdfast-received|@autosnap|restoring|leaving|entering/);
}

test('lost data comes back from the newest snapshot that has it, and nothing is rolled back', { skip }, async () => {
  await lose();
  await host.sh('zfs snapshot tank/app@autosnap_3; zfs snapshot tank/app@autosnap_4');
  const dry = await recover('--dry-run');
  assert.partialDeepStrictEqual(dry.step.result, {
    action: 'restore',
    source: 'snapshot',
    snapshot: 'tank/app@autosnap_2',
  });
  assert.match(dry.report.warnings.join(), /app: 2 newer snapshots .* are empty: they were taken after the loss/);

  const { step, exitCode, stderr } = await recover();
  assert.equal(exitCode, 0, stderr + JSON.stringify(step));
  assert.partialDeepStrictEqual(step.result, {
    source: 'snapshot',
    snapshot: 'tank/app@autosnap_2',
    files: 3,
    verified: 'content and attributes',
    kept: [],
  });
  assert.equal(await state(), '{"at": 3}\n');
  assert.equal(
    await host.tell('stat', '-c', '%a %U %h', '/srv/app/data', '/srv/app/data/big'),
    '2750 root 2\n640 daemon 2'.replace('640', '644'),
  );
  assert.match(await snapshots('tank/app'), /autosnap_3\ntank\/app@autosnap_4$/);
  await assertNothingLeft();
});

test('a snapshot with data that is not good is passed over for the replica, which is only read', { skip }, async () => {
  await host.sh(`echo '{"at":' >/srv/app/data/state.json && zfs snapshot tank/app@autosnap_5`);
  await lose();
  const refused = await recover();
  assert.partialDeepStrictEqual(refused.step.result, { repository: 'near', files: 3 }, JSON.stringify(refused.step));
  assert.equal(await state(), '{"at": 1}\n');
  assert.match(refused.step.warnings.join(), /snapshot could not give it back .*state\.json/);
  assert.match(refused.step.warnings.join(), /replica nas could not give it back .*permission denied/i);

  await lose();
  await host.sh('zfs allow -u replica send vault/forge');
  const there = await snapshots('vault/forge/app');
  const { step, exitCode } = await recover();
  assert.equal(exitCode, 0, JSON.stringify(step));
  assert.partialDeepStrictEqual(step.result, { source: 'replica', target: 'nas', snapshot: 'vault/forge/app@autosnap_1' });
  assert.equal(await state(), '{"at": 2}\n');
  assert.match(
    JSON.stringify(step.result?.['passedOver']),
    /"source":"snapshot","reason":"snapshot tank\/app@autosnap_5 was restored, and json/,
  );
  assert.equal(await snapshots('vault/forge/app'), there);
  await assertNothingLeft();
});

test('killed while it receives it leaves what the next start destroys, and nothing of others', { skip }, async () => {
  await lose();
  await host.sh(
    String.raw`
zfs create -o mountpoint=none tank/holdfast-received-01ARZ3NDEKTSV4RRFFQ69G5FAV-0
holdfast recover app >/dev/null 2>&1 &
until zfs list -Ho name -r tank | grep -v FAV-0 | grep -q received; do kill -0 $!; sleep 0.1; done
kill -KILL $!
wait $!`,
    [],
    { anyExit: true },
  );
  await host.sh('rm /srv/safe/file');
  const { exitCode, report } = await holdfast(host, ['recover', 'app', 'safe']);
  assert.equal(exitCode, 0, JSON.stringify(report.steps));
  assert.equal(await state(), '{"at": 2}\n');
  assert.equal(await host.read('/srv/safe/file'), 'secret\n', 'what is encrypted there is read with the key that is here');
  await host.sh('zfs destroy tank/holdfast-received-01ARZ3NDEKTSV4RRFFQ69G5FAV-0');
  await assertNothingLeft();
});

test(
  'a target that is dead does not keep it from the repository, and an empty start from being refused',
  { skip },
  async () => {
    await lose();
    await host.sh(
      'zfs list -Ho name -t snapshot tank/app | xargs -n1 zfs release -r holdfast:to:nas 2>/dev/null; zfs destroy tank/app@%; systemctl stop ssh.socket ssh',
    );
    const { step, exitCode } = await recover();
    assert.equal(exitCode, 0, JSON.stringify(step));
    assert.partialDeepStrictEqual(step.result, { repository: 'near' });
    assert.equal(await state(), '{"at": 1}\n');

    await lose();
    const id = textAt(step.result ?? {}, 'snapshotId');
    await host.sh('rm -rf /mnt/near/snapshots/*; holdfast recover app --allow-empty-once --gone "$1"', [id]);
    const blocked = await recover();
    assert.notEqual(blocked.exitCode, 0);
    assert.match(blocked.step.error?.message ?? '', /replica nas: /);
    assert.equal(await host.tell('ls', '-A', '/srv/app'), '');
  },
);
