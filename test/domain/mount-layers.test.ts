// What is layered at a path: the incidents, and what holds for any mounts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Declared, type Layer, layersAt, type Scene, type Zfs } from '../../src/domain/mount-layers.ts';
import { MountTable } from '../../src/domain/mount.ts';
import { dataset, datasets, mounted, type Mounting, ROOT, someMountPoints, somePath, zfs } from './support/mounts.ts';

const NONE: Zfs = { kind: 'none' };
const scene = (mountings: readonly Mounting[], known: Zfs = NONE): Scene => ({
  mounts: new MountTable(mounted([ROOT, ...mountings])),
  zfs: known,
});
const at = (path: string, parts: Partial<Declared> = {}): Declared => ({ path, dataset: null, held: null, ...parts });
const brief = (layers: readonly Layer[]): string[] => layers.map(({ kind, at: point, harm }) => `${kind} ${point} ${harm}`);

test('of two datasets at one mountpoint the one that was mounted first is hidden, and how much is in it is told', () => {
  const known = datasets(dataset('tank/old', '/srv/app', { used: 5000 }), dataset('tank/new', '/srv/app'));
  const [layer, ...others] = layersAt(
    at('/srv/app'),
    scene([zfs('tank/old', '/srv/app'), zfs('tank/new', '/srv/app')], known),
  );
  assert.deepEqual(others, []);
  assert.partialDeepStrictEqual(layer, { kind: 'hidden', harm: 'whole', used: 5000 });
  assert.ok(layer?.kind === 'hidden');
  assert.deepEqual([layer.mount.source, layer.by.source], ['tank/old', 'tank/new']);
});

test('a dataset is hidden by what is mounted over a directory above it, although nothing is mounted on it', () => {
  const [layer] = layersAt(at('/srv/app/data'), scene([zfs('tank/app', '/srv/app'), { path: '/srv', type: 'tmpfs' }]));
  assert.ok(layer?.kind === 'hidden');
  assert.deepEqual([layer.harm, layer.at, layer.by.path], ['whole', '/srv/app', '/srv']);
});

test('what is hidden below a path is a part of its data; what is hidden above one that has its own mount is not', () => {
  const stacked = [{ path: '/srv/app/media' }, { path: '/srv/app/media' }];
  assert.deepEqual(brief(layersAt(at('/srv/app'), scene(stacked))), ['hidden /srv/app/media part']);
  const above = [{ path: '/srv' }, { path: '/srv' }, { path: '/srv/app' }];
  assert.deepEqual(layersAt(at('/srv/app'), scene(above)), []);
  assert.deepEqual(layersAt(at('/home'), scene(above)), []);
});

test('the dataset that is declared is right wherever it is on top', () => {
  const stack = [zfs('tank/old', '/srv/app'), zfs('tank/new', '/srv/app')];
  const known = datasets(dataset('tank/old', '/srv/app'), dataset('tank/new', '/srv/app'));
  const harm = (name: string) => brief(layersAt(at('/srv/app', { dataset: name }), scene(stack, known)));
  assert.deepEqual(harm('tank/new'), ['hidden /srv/app none']);
  assert.deepEqual(harm('tank/old'), ['hidden /srv/app whole']);
});

test('the same directory mounted twice, and the trigger of an automount, hide nothing', () => {
  const twice = [
    { path: '/srv/app', device: '0:50', source: 'nas:/app' },
    { path: '/srv/app', device: '0:50', source: 'nas:/app' },
  ];
  assert.deepEqual(layersAt(at('/srv/app'), scene(twice)), []);
  assert.deepEqual(layersAt(at('/srv/app'), scene([{ path: '/srv/app', type: 'autofs' }, { path: '/srv/app' }])), []);
});

test('a dataset that is not mounted is missed at, above and below a path', () => {
  const known = datasets(dataset('tank/app', '/srv/app'));
  const told = (path: string, ...mountings: Mounting[]) => brief(layersAt(at(path), scene(mountings, known)));
  assert.deepEqual(told('/srv/app'), ['unmounted /srv/app whole']);
  assert.deepEqual(told('/srv/app/data'), ['unmounted /srv/app whole']);
  assert.deepEqual(told('/srv'), ['unmounted /srv/app part']);
  assert.deepEqual(told('/srv/app', zfs('tank/app', '/srv/app')), []);
  assert.deepEqual(told('/srv/app/data', { path: '/srv/app/data' }), [], 'it has a file system of its own');
  assert.deepEqual(told('/srv/application'), []);
});

test('a dataset that is mounted by hand only is missed where it is declared, and else nobody waits for it', () => {
  const known = datasets(
    dataset('tank/app', '/srv/app', { canmount: 'noauto' }),
    dataset('tank/off', '/srv/app', { canmount: 'off' }),
    dataset('tank/legacy', 'legacy'),
    dataset('tank/root', '/'),
    dataset('tank/volume', '/srv/app', { type: 'volume' }),
  );
  assert.deepEqual(layersAt(at('/srv/app'), scene([], known)), []);
  const declared = (name: string) => brief(layersAt(at('/srv/app', { dataset: name }), scene([], known)));
  assert.deepEqual(declared('tank/app'), ['unmounted /srv/app whole']);
  assert.deepEqual(declared('tank/legacy'), ['unmounted /srv/app whole']);
});

test('one mountpoint of two datasets is told while only one of them is mounted, or none', () => {
  const known = datasets(dataset('tank/a', '/srv/app'), dataset('tank/b', '/srv/app'));
  const [claim] = layersAt(at('/srv/app'), scene([zfs('tank/a', '/srv/app')], known));
  assert.ok(claim?.kind === 'claimed');
  assert.deepEqual([claim.first, claim.others.map(({ name }) => name), claim.harm], ['tank/a', ['tank/b'], 'none']);
  assert.deepEqual(brief(layersAt(at('/srv/app'), scene([], known))), [
    'unmounted /srv/app whole',
    'unmounted /srv/app whole',
    'claimed /srv/app none',
  ]);
});

test('a declared dataset that is none of this machine stands in the way, unless there is no ZFS here at all', () => {
  const told = (known: Zfs) => brief(layersAt(at('/srv/app', { dataset: 'tank/app' }), scene([], known)));
  assert.deepEqual(told(datasets()), ['absent /srv/app whole']);
  assert.deepEqual(told({ kind: 'silent', reason: 'suspended' }), ['absent /srv/app whole']);
  assert.deepEqual(told(NONE), ['absent /srv/app none']);
  const seen = scene([zfs('tank/app', '/srv/app')], { kind: 'silent', reason: 'suspended' });
  assert.deepEqual(layersAt(at('/srv/app', { dataset: 'tank/app' }), seen), [], 'the mount is proof enough');
});

test('where the kernel leads elsewhere than the list of mounts says, the kernel is right', () => {
  const mountings = [{ path: '/srv/app' }, { path: '/other' }];
  const { mounts } = scene(mountings);
  const [, app, other] = mounts.all;
  assert.ok(app && other);
  assert.deepEqual(layersAt(at('/srv/app', { held: app.id }), scene(mountings)), []);
  assert.deepEqual(brief(layersAt(at('/srv/app', { held: other.id }), scene(mountings))), ['hidden /srv/app whole']);
  assert.deepEqual(layersAt(at('/srv/app', { held: 4711 }), scene(mountings)), [], 'mounted since');
});

test('without ZFS only mounts are told: each that nobody sees, by what is seen in its place, and no other', () => {
  fc.assert(
    fc.property(someMountPoints, somePath, (points, path) => {
      const world = scene(points.map((point) => ({ path: point })));
      for (const layer of layersAt(at(path), world)) {
        assert.ok(layer.kind === 'hidden');
        assert.ok(!world.mounts.isSeen(layer.mount));
        assert.equal(world.mounts.holderOf(layer.mount.path)?.id, layer.by.id);
      }
      const all = layersAt(at('/'), world).length;
      assert.equal(all, world.mounts.all.filter((mount) => !world.mounts.isSeen(mount)).length);
    }),
  );
});

test('a path is said to hold other data exactly when a mount at or above it is not the one that it leads into', () => {
  fc.assert(
    fc.property(someMountPoints, somePath, (points, path) => {
      const world = scene(points.map((point) => ({ path: point })));
      const holder = world.mounts.holderOf(path);
      const harmed = layersAt(at(path), world).some(({ harm }) => harm === 'whole');
      const above = world.mounts.all.filter(
        (mount) => mount.path !== '/' && (path === mount.path || path.startsWith(`${mount.path}/`)),
      );
      const deepest = Math.max(0, ...above.map((mount) => mount.path.length));
      const hidden = above.some((mount) => mount.path.length === deepest && mount.id !== holder?.id);
      assert.equal(harmed, hidden);
    }),
  );
});
