// What is told of layers: what is where, how much, and commands that can be pasted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wordsOf } from '../../src/domain/layer-words.ts';
import { coveredAt } from '../../src/domain/mount-beneath.ts';
import { layersAt } from '../../src/domain/mount-layers.ts';
import { elsewhereAt } from '../../src/domain/mount-view.ts';
import { MountTable } from '../../src/domain/mount.ts';
import { dataset, datasets, mounted, type Mounting, ROOT, zfs } from './support/mounts.ts';

const table = (...mountings: readonly Mounting[]): MountTable => new MountTable(mounted([ROOT, ...mountings]));
const declared = (path: string) => ({ path, dataset: null, held: null });

test('whoever mends a hidden mount stops its service, unmounts what is on top, and keeps it from coming back', () => {
  const known = datasets(dataset('tank/my old', '/srv/my app'), dataset('tank/new', '/srv/my app'));
  const scene = { mounts: table(zfs('tank/my old', '/srv/my app'), zfs('tank/new', '/srv/my app')), zfs: known };
  const [layer] = layersAt(declared('/srv/my app'), scene);
  assert.ok(layer);
  assert.deepEqual(wordsOf(layer, 'app.service'), {
    told: 'the dataset tank/my old, mounted at /srv/my app with 2.00 KiB used, is hidden: the dataset tank/new is mounted over it, and read and written in its place',
    mend: "systemctl stop app.service; umount '/srv/my app', which shows the dataset tank/my old again: compare the two, and bring together what is needed. So that it does not come back: zfs set canmount=noauto tank/new",
  });
});

test('what is in memory only is copied before it is unmounted', () => {
  const scene = {
    mounts: table(zfs('tank/app', '/srv/app'), { path: '/srv', type: 'tmpfs', source: 'tmpfs' }),
    zfs: { kind: 'none' } as const,
  };
  const [layer] = layersAt(declared('/srv/app'), scene);
  assert.ok(layer);
  assert.match(
    wordsOf(layer, null).mend ?? '',
    /^Stop what uses it, then: copy what is in \/srv elsewhere, .*; umount \/srv, which shows/,
  );
});

test('a dataset is mounted as it can be: with its key first, over nothing that was written in its place', () => {
  const locked = dataset('tank/app', '/srv/app', { lockedBy: 'tank' });
  const [layer] = layersAt(declared('/srv/app'), { mounts: table(), zfs: datasets(locked) });
  assert.ok(layer?.kind === 'unmounted');
  assert.equal(wordsOf(layer, 'app').mend, 'systemctl stop app; zfs load-key tank; zfs mount tank/app');
  const written = { files: 3, bytes: 5000, more: false };
  const { told, mend } = wordsOf({ ...layer, written }, 'app');
  assert.match(told, /: what is written there goes to the ext4 file system \/dev\/sda1, 3 files \(4\.88 KiB\) so far$/);
  assert.equal(
    mend,
    'systemctl stop app; mv /srv/app /srv/app.not-in-tank-app; zfs load-key tank; zfs mount tank/app, and bring back what is needed from /srv/app.not-in-tank-app',
  );
  const legacy = layersAt(
    { ...declared('/srv/app'), dataset: 'tank/app' },
    { mounts: table(), zfs: datasets(dataset('tank/app', 'legacy')) },
  );
  assert.deepEqual(
    legacy.map((each) => wordsOf(each, 'app').mend),
    ['systemctl stop app; mount -t zfs tank/app /srv/app'],
  );
});

test('a declared dataset takes the place of what is mounted there instead', () => {
  const known = datasets(dataset('tank/app', '/srv/app'), dataset('tank/other', '/srv/app'));
  const scene = { mounts: table(zfs('tank/other', '/srv/app')), zfs: known };
  const [layer] = layersAt({ ...declared('/srv/app'), dataset: 'tank/app' }, scene);
  assert.ok(layer);
  assert.match(wordsOf(layer, 'app').told, /goes to the dataset tank\/other$/);
  assert.equal(wordsOf(layer, 'app').mend, 'systemctl stop app; umount /srv/app; zfs mount tank/app');
});

test('files beneath a mount are told with where they are, and the shell that shows them', () => {
  const [covered, ...others] = coveredAt('/srv/app/data', table(zfs('tank/srv', '/srv'), zfs('tank/app', '/srv/app')));
  assert.equal(others.length, 1, 'beneath /srv, and beneath /srv/app');
  assert.ok(covered);
  const measured = { files: 100_000, bytes: 1, more: true };
  const { told, mend } = wordsOf({ ...covered, kind: 'beneath', harm: 'none', measured }, null);
  assert.equal(
    told,
    'more than 100000 files (1 B) in /srv/app/data of the ext4 file system /dev/sda1 beneath the dataset tank/srv, which is mounted over /srv and hides them',
  );
  assert.match(
    mend ?? '',
    /where \/mnt\/srv\/app\/data is that directory: unshare --mount sh -c 'mount --bind \/ \/mnt && exec sh'\. Copy/,
  );
});

test('nothing lies beneath what shows the same directory, and what is hidden itself is told as that', () => {
  const same = [{ path: '/srv/app', device: '0:20', root: '/srv/app' }];
  assert.deepEqual(coveredAt('/srv/app', table(...same)), []);
  const stacked = coveredAt('/srv/app', table({ path: '/srv/app' }, { path: '/srv/app' }));
  assert.deepEqual(stacked, []);
  const automount = coveredAt('/srv/app', table({ path: '/srv/app', type: 'autofs' }, { path: '/srv/app' }));
  assert.deepEqual(
    automount.map(({ on }) => on.path),
    ['/'],
    'through the trigger',
  );
});

test('a service sees another place when it is another directory, and it may write there', () => {
  const here = table(zfs('tank/app', '/srv/app')).holderOf('/srv/app');
  const there = table().holderOf('/srv/app');
  assert.ok(here && there);
  const process = { unit: 'app.service', pid: 7 };
  assert.equal(elsewhereAt('/srv/app', here, here, process), null);
  assert.equal(elsewhereAt('/srv/app', here, { ...there, readOnly: true }, process), null);
  const found = elsewhereAt('/srv/app', here, there, process);
  assert.ok(found);
  assert.match(
    wordsOf(found, null).told,
    /^app\.service \(process 7\) sees the ext4 file system \/dev\/sda1 at \/srv\/app in its own mount namespace/,
  );
  assert.match(
    wordsOf(found, null).mend ?? '',
    /\/proc\/7\/root\/srv\/app while it runs; then: systemctl restart app\.service$/,
  );
});

test('of what is said about ZFS that does not answer, the reason is a part', () => {
  const told = (kind: 'told' | 'silent') =>
    layersAt(
      { ...declared('/srv/app'), dataset: 'tank/app' },
      { mounts: table(), zfs: kind === 'told' ? datasets() : { kind, reason: 'it has not answered for 20 s' } },
    ).map((each) => wordsOf(each, null));
  assert.match(told('silent')[0]?.told ?? '', /is not mounted, and ZFS does not answer: it has not answered for 20 s$/);
  assert.match(told('told')[0]?.mend ?? '', /zpool import/);
});
