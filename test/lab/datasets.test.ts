// Datasets on real OpenZFS: made as they are declared, compared in value and source, and never over anything.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import type { DoctorReport } from '../../src/engine/doctor.ts';
import { stepOf } from '../support/cli.ts';
import { holdfast, PASSWORD_FILE, type Section } from './support/holdfast-on.ts';

const skip = missingFor('machine');
const PARENT = { parentDataset: 'tank/persist', parentMount: '/persist', properties: { atime: 'off' } };
let lab: Lab;
let host: Machine;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', disks: ['200MB', '200MB'] });
    const [one = '', two = ''] = host.disks;
    await host.sh('zpool create tank "$1" && zpool create shelf "$2" && groupadd app && useradd -g app app', [one, two]);
    await host.write(PASSWORD_FILE, 'correct horse\n', 0o600);
  },
  { timeout: 600_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

/** `datasets`: of a service each. */
async function declare(datasets: Record<string, Section>, units: Readonly<Record<string, string>> = {}): Promise<void> {
  const services = Object.entries(datasets).map(([name, dataset]) => [
    name,
    { dataset, unit: units[name], backup: { paths: [`/srv/${name}`] } },
  ]);
  const config = {
    version: 1,
    host: 'forge',
    repositories: { near: { url: '/srv/near', passwordFile: PASSWORD_FILE } },
    storage: { datasets: PARENT },
    services: Object.fromEntries(services) as Section,
  };
  await host.write('/etc/holdfast/holdfast.yaml', JSON.stringify(config));
}

const zfs = (...argv: string[]): Promise<string> => host.tell('zfs', ...argv);
const value = (dataset: string, property: string): Promise<string> =>
  zfs('get', '-Hp', '-o', 'value,source', property, dataset);

const metrics = (): Promise<string> => host.tell('holdfast', 'metrics');

const SONARR = { preset: 'sqlite', owner: 'app', group: 'app', mode: '0750' };
const PG = { name: 'tank/services/db/pg', mountpoint: '/srv/pg', preset: 'postgres', quota: '100M' };

test('what is declared is made, proven, and there is nothing left to do', { skip }, async () => {
  await declare({ sonarr: SONARR, pg: PG });
  const plan = await holdfast(host, ['datasets', 'plan']);
  assert.equal(plan.exitCode, 0, plan.stderr);
  assert.deepEqual(
    plan.report.steps.map(({ id }) => id),
    [
      'dataset:tank/persist',
      'dataset:tank/persist/sonarr',
      'dataset:tank/services',
      'dataset:tank/services/db',
      'dataset:tank/services/db/pg',
    ],
  );
  await assert.rejects(zfs('list', 'tank/persist'), /does not exist/);

  const applied = await holdfast(host, ['datasets', 'apply']);
  assert.equal(applied.exitCode, 0, JSON.stringify(applied.report.steps));
  assert.equal(await value('tank/persist/sonarr', 'recordsize'), '16384\tlocal');
  assert.equal(await value('tank/persist/sonarr', 'mountpoint'), '/persist/sonarr\tinherited from tank/persist');
  assert.equal(await value('tank/services/db/pg', 'quota'), `${100 * 1024 ** 2}\tlocal`);
  assert.equal(await value('tank/services/db', 'canmount'), 'off\tlocal');
  assert.equal(await host.tell('stat', '--format=%U:%G %a', '/persist/sonarr'), 'app:app 750');
  assert.equal(await host.tell('findmnt', '--noheadings', '--output=SOURCE', '/srv/pg'), 'tank/services/db/pg');

  assert.deepEqual((await holdfast(host, ['datasets', 'apply'])).report.steps, []);
  assert.equal((await holdfast(host, ['datasets', 'drift'])).exitCode, 0);
});

test(
  'every difference is told, in value and in source, and mended; nothing that is in a dataset is lost',
  { skip },
  async () => {
    await host.sh(`set -e
echo precious >/persist/sonarr/file
zfs set recordsize=64K tank/persist/sonarr && zfs set quota=none tank/services/db/pg && zfs set atime=on tank/persist/sonarr
zfs set canmount=noauto tank/services/db/pg && zfs umount tank/services/db/pg && chmod 755 /persist/sonarr
zfs create tank/persist/forgotten && echo old >/persist/forgotten/file`);
    const { exitCode, report } = await holdfast(host, ['datasets', 'drift']);
    assert.equal(exitCode, 1);
    assert.deepEqual(stepOf(report, 'drift:tank/persist/sonarr').result?.['differences'], [
      { property: 'recordsize', wanted: '16K, set here', found: '64K, set here' },
      { property: 'atime', wanted: 'off, set here', found: 'on, set here' },
      { property: 'mode', wanted: '0750', found: '0755' },
    ]);
    assert.deepEqual(stepOf(report, 'drift:tank/services/db/pg').result?.['differences'], [
      { property: 'quota', wanted: '100M, set here', found: 'none, set here' },
      { property: 'canmount', wanted: 'on, set here', found: 'noauto, set here' },
      { property: 'mounted', wanted: 'yes', found: 'no' },
    ]);
    assert.match(
      report.warnings.join(),
      /^tank\/persist\/forgotten is not declared: .+, mounted at \/persist\/forgotten, last written 20/,
    );

    assert.match(await metrics(), /^holdfast_dataset_drift\{dataset="tank\/persist\/sonarr",property="recordsize",.*\} 1$/m);

    assert.equal((await holdfast(host, ['datasets', 'apply'])).exitCode, 0);
    assert.doesNotMatch(await metrics(), /^holdfast_dataset_drift\{/m, 'the alert ends with what mends it');
    assert.equal((await holdfast(host, ['datasets', 'drift'])).exitCode, 0);
    assert.equal(await host.read('/persist/sonarr/file'), 'precious\n');
    assert.equal(await host.read('/persist/forgotten/file'), 'old\n');
  },
);

test(
  'files that would be hidden, a key that is not loaded, another in its place, a pool that is away: each is refused with what to do',
  { skip },
  async () => {
    await host.sh(`set -e
mkdir -p /srv/files && echo mine >/srv/files/file
echo passphrase | zfs create -o encryption=on -o keyformat=passphrase -o mountpoint=/srv/safe tank/safe
zfs umount tank/safe && zfs unload-key tank/safe && zpool export shelf
zfs create -o mountpoint=/srv/rival -o canmount=noauto tank/rival && zfs create -V 16M tank/volume`);
    await declare({
      files: { name: 'tank/files', mountpoint: '/srv/files' },
      safe: { name: 'tank/safe/inner', mountpoint: '/srv/safe/inner' },
      rival: { name: 'tank/newer', mountpoint: '/srv/rival' },
      away: { name: 'shelf/away', mountpoint: '/srv/away' },
      volume: { name: 'tank/volume', mountpoint: '/srv/volume' },
      open: { name: 'tank/my data', mountpoint: '/srv/my data', properties: { encryption: 'on' } },
      fixed: { name: 'tank/services/db/pg', mountpoint: '/srv/pg', properties: { casesensitivity: 'insensitive' } },
    });
    const { exitCode, report } = await holdfast(host, ['datasets', 'apply']);
    assert.notEqual(exitCode, 0);
    const told = Object.fromEntries(report.steps.map(({ id, error }) => [id.replace('dataset:', ''), error?.message]));
    assert.match(told['tank/files'] ?? '', /there are files in \/srv\/files, which would be hidden/);
    assert.match(told['tank/safe/inner'] ?? '', /the encryption key of tank\/safe is not loaded/);
    assert.match(told['tank/newer'] ?? '', /tank\/rival has the mountpoint \/srv\/rival, too/);
    assert.match(told['shelf/away'] ?? '', /the pool shelf is not imported/);
    assert.match(told['tank/volume'] ?? '', /is a volume/);
    assert.match(told['tank/my data'] ?? '', /keyformat|encryption/);
    assert.match(told['tank/services/db/pg'] ?? '', /casesensitivity is sensitive and cannot become insensitive/);
    assert.equal(await host.read('/srv/files/file'), 'mine\n');
  },
);

test('a pool is told as what it is, and how full its datasets are', { skip }, async () => {
  await declare({ sonarr: SONARR, pg: PG });
  const [one = ''] = host.disks;
  await host.sh('truncate -s 200M /root/leg && zpool attach -w tank "$1" /root/leg', [one]);
  const whole = await metrics();
  assert.match(whole, /^holdfast_pool_healthy\{pool="tank",hostname="forge"\} 1$/m);
  assert.match(whole, /^holdfast_pool_data_errors\{pool="tank",.*\} 0$/m);
  assert.match(whole, /^holdfast_pool_device_errors\{pool="tank",.*\} 0$/m);
  const figure = (series: string): number => {
    const line = whole.split('\n').find((each) => each.startsWith(series)) ?? '';
    return Number(line.slice(line.lastIndexOf(' ')));
  };
  assert.ok(figure('holdfast_pool_size_bytes{pool="tank"') > figure('holdfast_pool_allocated_bytes{pool="tank"'));
  const available = figure('holdfast_dataset_available_bytes{dataset="tank/services/db/pg"');
  assert.ok(available > 0 && available <= 100 * 1024 ** 2, 'no more than its quota leaves');
  await host.exec(['zpool', 'offline', 'tank', '/root/leg']);
  assert.match(await metrics(), /^holdfast_pool_healthy\{pool="tank",hostname="forge"\} 0$/m);
  const { stdout } = await host.exec(['holdfast', '--json', 'doctor'], { anyExit: true });
  const { checks } = JSON.parse(stdout) as DoctorReport; // its shape has a test of its own
  const told = checks.filter(({ id }) => id === 'pool:tank').map(({ health, detail }) => `${health}: ${detail}`);
  assert.deepEqual(told, ['problem: the pool tank is DEGRADED']);
  await host.sh('zpool detach tank /root/leg && rm /root/leg');
});

test('below a parent that is mounted by others each dataset gets its own mountpoint', { skip }, async () => {
  await host.sh(
    'zfs umount -a && zfs set mountpoint=legacy tank/persist && mkdir -p /persist && mount -t zfs tank/persist /persist',
  );
  await declare({ web: {} });
  assert.equal((await holdfast(host, ['datasets', 'apply'])).exitCode, 0);
  assert.equal(await value('tank/persist/web', 'mountpoint'), '/persist/web\tlocal');
  assert.equal(await value('tank/persist', 'mountpoint'), 'legacy\tlocal');
  await host.sh('umount /persist/web /persist; zfs set mountpoint=/persist tank/persist');
});

test('at a boot they are as declared before the service starts that lives on one', { skip, timeout: 600_000 }, async () => {
  await host.write(
    '/etc/systemd/system/web.service',
    '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c "findmnt --noheadings --output=SOURCE,TARGET /srv/late >/root/seen"\n[Install]\nWantedBy=multi-user.target\n',
  );
  await declare({ web: { name: 'tank/late', mountpoint: '/srv/late' } }, { web: 'web.service' });
  assert.equal((await holdfast(host, ['units', 'install'])).exitCode, 0);
  await assert.rejects(zfs('list', 'tank/late'), /does not exist/, 'installing units changes no dataset');
  await host.sh('systemctl enable --quiet web.service');
  await host.shutdown();
  await host.boot();
  assert.match(await host.read('/root/seen'), /^tank\/late +\/srv\/late$/m);
  assert.equal((await holdfast(host, ['units', 'check'])).exitCode, 0);
});
