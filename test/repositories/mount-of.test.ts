// Which file system a path is in, by the kernel's list.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountOf, mounts, parseMounts, uuidOf } from '../../src/repositories/mounts.ts';

const MOUNTINFO = String.raw`25 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
60 61 0:45 / /mnt/nas\040one rw,relatime shared:5 master:1 - nfs4 nas:/volume1/back\040up rw,vers=4.2
61 25 0:46 / /mnt rw - tmpfs tmpfs rw
62 61 8:17 / /mnt/disk rw - ext4 /dev/sdb1 rw
63 62 8:18 / /mnt/disk rw - xfs /dev/sdb2 rw
`;

test('type and source of each mount are read, whatever optional fields it has', () => {
  assert.deepEqual(parseMounts(MOUNTINFO)[1], {
    id: 60,
    parent: 61,
    device: '0:45',
    root: '/',
    readOnly: false,
    path: '/mnt/nas one',
    type: 'nfs4',
    source: 'nas:/volume1/back up',
  });
  assert.equal(parseMounts(MOUNTINFO).length, 5);
});

test('a path is in the innermost file system around it, and in the one that was mounted last', () => {
  const all = parseMounts(MOUNTINFO);
  assert.equal(mountOf('/mnt/nas one/restic', all)?.type, 'nfs4');
  assert.equal(mountOf('/mnt/disk', all)?.source, '/dev/sdb2');
  assert.equal(mountOf('/mnt/diskette', all)?.type, 'tmpfs');
  assert.equal(mountOf('/srv', all)?.path, '/');
  assert.equal(mountOf('/srv', []), null);
});

test('this machine has a root file system, and what is no device has no UUID', async () => {
  assert.equal(mountOf('/', await mounts())?.path, '/');
  assert.equal(await uuidOf('nas:/volume1'), null);
  assert.equal(await uuidOf('/dev/nothing-of-that-name'), null);
});
