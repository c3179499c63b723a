// Which datasets and subvolumes show what of the declared paths.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Mount, MountTable } from '../../src/domain/mount.ts';
import { datasetPiece, partsAt, sameParts, type Subvolume, subvolumePieces } from '../../src/domain/snapshot-pieces.ts';
import { isWithin } from '../../src/lib/path.ts';
import { mounted, ROOT, someMountPoints, somePath } from './support/mounts.ts';

const mount = (id: number, path: string, more: Partial<Mount> = {}): Mount => ({
  id,
  parent: id === 1 ? 0 : 1,
  device: `0:${id}`,
  root: '/',
  path,
  readOnly: false,
  type: 'zfs',
  source: `tank${path}`,
  ...more,
});

test('of every file below a declared path the deepest part is the mount that it is read from', () => {
  const some = someMountPoints.map((points) => new MountTable(mounted([ROOT, ...points.map((path) => ({ path }))])));
  fc.assert(
    fc.property(some, somePath, somePath, (mounts, declared, file) => {
      fc.pre(isWithin(declared, file));
      const parts = partsAt([{ path: declared, mount: null }], mounts);
      const deepest = parts.findLast(({ at }) => isWithin(at, file));
      assert.equal(deepest?.mount.id, mounts.holderOf(file)?.id);
      assert.deepEqual(
        parts.map(({ at }) => at),
        parts.map(({ at }) => at).toSorted(),
      );
    }),
  );
});

test('a dataset that was mounted meanwhile makes other parts, the same ones again do not', () => {
  const before = [mount(1, '/'), mount(2, '/srv/app')];
  const parts = (all: Mount[]): ReturnType<typeof partsAt> => partsAt([{ path: '/srv', mount: null }], new MountTable(all));
  assert.ok(sameParts(parts(before), parts([...before].toReversed())));
  assert.ok(!sameParts(parts(before), parts([...before, mount(3, '/srv/new')])));
  assert.ok(!sameParts(parts(before), parts([mount(1, '/'), mount(2, '/srv/app', { source: 'tank/other' })])));
});

test('a directory of a dataset, bound elsewhere, is that directory in its snapshot; a snapshot is seen as it is', () => {
  const bound = mount(2, '/srv/app', { root: '/data', source: 'tank/big' });
  assert.deepEqual(datasetPiece({ at: '/srv/app/x', mount: bound }), {
    at: '/srv/app/x',
    origin: 'tank/big',
    directory: 'data/x',
  });
  const frozen = mount(2, '/srv/app', { source: 'tank/big@monday' });
  assert.equal(datasetPiece({ at: '/srv/app', mount: frozen }).origin, null);
});

const subvolume = (tree: string, readOnly = false): Subvolume => ({ tree, readOnly });
const home = mount(2, '/home', { type: 'btrfs', root: '/@home' });
const SUBVOLUMES = ['', '@', '@home', '@home/ann/mail', '@home/ann/mail/old', '@homeless'].map((tree) => subvolume(tree));

test('subvolumes inside of a path have pieces of their own, those beside it have not', () => {
  const mounts = new MountTable([mount(1, '/'), home]);
  assert.deepEqual(subvolumePieces({ at: '/home/ann', mount: home }, SUBVOLUMES, mounts), [
    { at: '/home/ann', origin: '/home', directory: 'ann' },
    { at: '/home/ann/mail', origin: '/home/ann/mail', directory: '' },
    { at: '/home/ann/mail/old', origin: '/home/ann/mail/old', directory: '' },
  ]);
  assert.deepEqual(subvolumePieces({ at: '/home/bob', mount: home }, SUBVOLUMES, mounts), [
    { at: '/home/bob', origin: '/home', directory: 'bob' },
  ]);
});

test('a read-only subvolume needs no snapshot, our own snapshots are nobody’s data, and what is mounted over is another part', () => {
  const over = mount(3, '/home/ann/mail', { parent: 2 });
  const mounts = new MountTable([mount(1, '/'), home, over]);
  const all = [
    ...SUBVOLUMES.filter(({ tree }) => tree !== '@home/ann/mail/old'),
    subvolume('@home/.snapshots/1/snapshot', true),
    subvolume('@home/.holdfast-snapshots/holdfast-1', true),
  ];
  assert.deepEqual(subvolumePieces({ at: '/home', mount: home }, all, mounts), [
    { at: '/home', origin: '/home', directory: '' },
    { at: '/home/.snapshots/1/snapshot', origin: null, directory: '' },
  ]);
});

test('the top of a file system is a subvolume, too; a directory of one that is mounted alone is not', () => {
  const top = mount(2, '/data', { type: 'btrfs' });
  assert.deepEqual(subvolumePieces({ at: '/data/x', mount: top }, [subvolume('')], new MountTable([mount(1, '/'), top])), [
    { at: '/data/x', origin: '/data', directory: 'x' },
  ]);
  const part = mount(2, '/data', { type: 'btrfs', root: '/@home/ann' });
  const mounts = new MountTable([mount(1, '/'), part]);
  assert.equal(subvolumePieces({ at: '/data/x', mount: part }, SUBVOLUMES, mounts), null);
});
