// Datasets that are hidden, shadowed or not mounted, on real OpenZFS: each is told with commands that mend it, and nothing is
// saved in its place. All incidents are there at once, for one doctor and one run to find.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { type Lab, openLab } from '../../lab/lab.ts';
import type { Machine } from '../../lab/machine/machine.ts';
import { missingFor } from '../../lab/requirements.ts';
import type { Report } from '../../src/domain/report.ts';
import type { CheckResult, DoctorReport } from '../../src/engine/doctor.ts';
import { stepOf } from '../support/cli.ts';
import { makeQuickRepository } from '../support/quick-repository.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { type Answer, configure, holdfast, type Section } from './support/holdfast-on.ts';

const skip = missingFor('machine');
const REPOSITORY = '/var/backups/near';
let lab: Lab;
let host: Machine;
let checks: readonly CheckResult[];
let ran: Answer;
let planned: readonly string[];

/** A service that writes into its directory, and keeps the mounts that it began with. */
const PRIVATE_UNIT = `[Service]
PrivateMounts=yes
MountFlags=private
ExecStart=sh -c 'echo mine >/srv/notes/mine; exec sleep infinity'
`;

const INCIDENTS = String.raw`
set -e
zpool create -O mountpoint=none tank $1
mkdir -p ${REPOSITORY} /srv/wiki /srv/notes

# two datasets at one mountpoint: what survives is on the lower one
zfs create -o mountpoint=/srv/app tank/old
echo precious >/srv/app/survivor
zfs create -o mountpoint=/srv/app tank/new

# a dataset under an ancestor that was mounted later
zfs create -o mountpoint=/srv/media/films tank/films
echo film >/srv/media/films/film
mount -t tmpfs tmpfs /srv/media
mkdir /srv/media/films

# files beneath a mount
zfs create -o mountpoint=/srv/photos -o canmount=noauto tank/photos
mkdir -p /srv/photos/2024
head -c 1000 /dev/zero >/srv/photos/2024/lost.jpg
zfs mount tank/photos
echo photo >/srv/photos/photo

# a dataset that is not mounted: its service writes to the root file system
zfs create -o mountpoint=/srv/wiki tank/wiki
echo old >/srv/wiki/page
zfs unmount tank/wiki
printf 12345 >/srv/wiki/page

# a service that began before its dataset was mounted, in a namespace of its own
systemctl daemon-reload
systemctl start notes
while [ ! -e /srv/notes/mine ]; do sleep 0.1; done
zfs create -o mountpoint=/srv/notes tank/notes
echo theirs >/srv/notes/theirs

# a replica that is mounted by hand only, at the place of a live one
zfs create -o mountpoint=/srv/fine tank/fine
zfs create -o mountpoint=/srv/fine -o canmount=noauto tank/replica
echo fine >/srv/fine/fine

# a declared dataset in a pool that is not imported
mkdir /srv/mail
`;

before(
  async () => {
    if (skip) return;
    lab = await openLab();
    host = await lab.machine({ name: 'forge', disks: ['200MB'] });
    const service = (name: string, more: Section = {}): Section => ({ backup: { paths: [`/srv/${name}`], ...more } });
    await configure(host, {
      repositories: { near: { url: REPOSITORY } },
      services: {
        app: service('app'),
        films: service('media/films'),
        photos: service('photos'),
        wiki: service('wiki'),
        notes: { unit: 'notes.service', ...service('notes') },
        fine: service('fine'),
        mail: service('mail', { zfsDataset: 'away/mail' }),
      },
    });
    await host.write('/etc/systemd/system/notes.service', PRIVATE_UNIT);
    await host.sh(INCIDENTS, host.disks);
    await host.sh('printf %s "$1" | base64 -d | tar xz -C "$2"', [quickRepository(), REPOSITORY]);
    checks = await examined();
    planned = await warningsOfPlan();
    ran = await holdfast(host, ['run', 'app', 'films', 'wiki', 'notes']);
  },
  { timeout: 600_000 },
);
after(async () => await lab?.[Symbol.asyncDispose]());

/** Whose key costs an emulated machine nothing: a tar file in base64. */
function quickRepository(): string {
  using folder = temporaryDirectory();
  makeQuickRepository(folder.path, 'correct horse');
  return execFileSync('tar', ['cz', '-C', folder.path, '.']).toString('base64');
}

async function examined(): Promise<readonly CheckResult[]> {
  const { stdout } = await host.exec(['holdfast', '--json', 'doctor'], { anyExit: true });
  return (JSON.parse(stdout) as DoctorReport).checks; // its shape has a test of its own
}

/** Of the same host, where some of the datasets are declared. */
async function warningsOfPlan(): Promise<readonly string[]> {
  const config = JSON.parse(await host.read('/etc/holdfast/holdfast.yaml')) as { services: Record<string, Section> };
  const declared = {
    ...config,
    storage: { datasets: { parentDataset: 'tank', parentMount: '/srv' } },
    services: {
      ...config.services,
      ...Object.fromEntries(['photos', 'fine'].map((name) => [name, { ...config.services[name], dataset: {} }])),
    },
  };
  await host.write('/root/datasets.yaml', JSON.stringify(declared));
  const { stdout } = await host.exec(['holdfast', '--config', '/root/datasets.yaml', '--json', 'datasets', 'plan'], {
    anyExit: true,
  });
  return (JSON.parse(stdout) as Report).warnings; // its shape has a test of its own
}

const told = (service: string, all = checks): CheckResult[] => all.filter(({ id }) => id === `service:${service}`);
/** The only finding about a service. */
function only(service: string, health: string, detail: RegExp): string {
  const [finding, ...others] = told(service);
  assert.deepEqual(others, []);
  assert.equal(finding?.health, health, JSON.stringify(finding));
  assert.match(finding?.detail ?? '', detail);
  return finding?.fix ?? '';
}
function refused(service: string, why: RegExp): void {
  const { outcome, error } = stepOf(ran.report, `backup:${service}@near`);
  assert.deepEqual([outcome, error?.code], ['blocked', 'not-mounted']);
  assert.match(error?.message ?? '', why);
}

test(
  'of two datasets at one mountpoint the hidden one is found, with what survives on it, and the other is not saved',
  { skip },
  async () => {
    const why =
      /^the dataset tank\/old, mounted at \/srv\/app with [\d.]+ KiB used, is hidden: the dataset tank\/new is mounted over it/;
    assert.match(
      only('app', 'problem', why),
      /umount \/srv\/app, which shows the dataset tank\/old again.* zfs set canmount=noauto tank\/new$/,
    );
    refused('app', why);
    await host.sh('umount /srv/app && zfs set canmount=noauto tank/new');
    assert.equal(await host.read('/srv/app/survivor'), 'precious\n');
  },
);

test('a dataset under a directory that something was mounted over is found', { skip }, async () => {
  const why =
    /^the dataset tank\/films, mounted at \/srv\/media\/films with .* used, is hidden: a tmpfs is mounted at \/srv\/media, above it/;
  assert.match(
    only('films', 'problem', why),
    /copy what is in \/srv\/media elsewhere, .*; umount \/srv\/media, which shows/,
  );
  refused('films', why);
  await host.sh('umount /srv/media');
  assert.equal(await host.read('/srv/media/films/film'), 'film\n');
});

test(
  'files beneath a mount are counted, and seen by the command that is told, while nothing is unmounted',
  { skip },
  async () => {
    const why =
      /^1 file \(1000 B\) in \/srv\/photos of the ext4 file system .* beneath the dataset tank\/photos, which is mounted over it and hides it$/;
    const mend = only('photos', 'warning', why);
    const [, shell = ''] = /: (unshare .*)\. Copy/.exec(mend) ?? [];
    const seen = await host.sh(`echo 'find /mnt/srv/photos -type f' | ${shell}`);
    assert.equal(seen.stdout, '/mnt/srv/photos/2024/lost.jpg\n');
    assert.equal(await host.read('/srv/photos/photo'), 'photo\n');
  },
);

test(
  'a dataset that is not mounted is found, with what was written in its place, and the commands keep both',
  { skip },
  async () => {
    const why =
      /^the dataset tank\/wiki \(.* used\) belongs at \/srv\/wiki and is not mounted: what is written there goes to the ext4 file system/;
    const mend = only('wiki', 'problem', why);
    assert.match(told('wiki')[0]?.detail ?? '', /, 1 file \(5 B\) so far$/);
    refused('wiki', why);
    const [, commands = ''] = /then: (.*), and bring back/.exec(mend) ?? [];
    await host.sh(`set -e; ${commands}`);
    assert.deepEqual(
      await Promise.all(['/srv/wiki/page', '/srv/wiki.not-in-tank-wiki/page'].map((path) => host.read(path))),
      ['old\n', '12345'],
    );
  },
);

test('a service that writes to another place than everybody sees is found in its own namespace', { skip }, async () => {
  const why =
    /^notes\.service \(process \d+\) sees the ext4 file system .* at \/srv\/notes in its own mount namespace, and writes there; everybody else sees the dataset tank\/notes$/;
  const about = told('notes');
  assert.deepEqual(
    about.map(({ health }) => health),
    ['problem', 'warning'],
    JSON.stringify(about),
  );
  assert.match(about[0]?.detail ?? '', why);
  assert.match(about[1]?.detail ?? '', /^1 file \(5 B\) in \/srv\/notes of .* beneath the dataset tank\/notes/);
  refused('notes', why);
  const [, place = ''] = /seen at (\S+) while/.exec(about[0]?.fix ?? '') ?? [];
  assert.equal(await host.read(`${place}/mine`), 'mine\n');
  await host.sh('systemctl restart notes');
});

test(
  'a dataset whose pool is not imported is missed where it is declared; one that is mounted by hand only is in nobody’s way',
  { skip },
  () => {
    const [mail] = told('mail');
    assert.deepEqual(
      [mail?.health, mail?.detail],
      ['problem', 'the dataset away/mail, which should hold /srv/mail, does not exist on this machine'],
    );
    assert.deepEqual(
      told('fine').map(({ health }) => health),
      ['ok', 'ok'],
    );
    assert.match(
      told('fine')[1]?.detail ?? '',
      /^the dataset tank\/replica, not mounted, has the mountpoint \/srv\/fine, where tank\/fine is mounted; nothing mounts it by itself/,
    );
  },
);

test('the plan of datasets tells what is layered at their mountpoints, with what to do', { skip }, () => {
  const about = (path: string): string[] => planned.filter((warning) => warning.includes(path));
  assert.match(
    about('/srv/photos').join(),
    /^1 file \(1000 B\) in \/srv\/photos of .* beneath the dataset tank\/photos, .*\. To mend it: Look without unmounting/,
  );
  assert.match(
    about('the dataset tank/replica').join(),
    /^the dataset tank\/replica, not mounted, has the mountpoint \/srv\/fine/,
  );
});

test('ZFS unmounts what is on top when it is told to unmount what is hidden: so that is never told', { skip }, async () => {
  const { stdout } = await host.sh(
    'zfs mount tank/new && zfs unmount tank/old && awk \'$5 == "/srv/app" {print $(NF-1)}\' /proc/self/mountinfo',
  );
  assert.equal(stdout, 'tank/old\n');
});

test('what survived is saved once it is seen again', { skip }, async () => {
  const again = await holdfast(host, ['run', 'app']);
  assert.equal(again.exitCode, 0, JSON.stringify(again.report.steps));
  assert.equal(stepOf(again.report, 'backup:app@near').result?.['filesNew'], 1);
});
