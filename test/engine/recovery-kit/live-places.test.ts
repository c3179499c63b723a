// Restored data takes its old place without taking the system, or other data, away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { livePlaces, type LivePlaces } from '../../../src/engine/recovery-kit/live-places.ts';
import { repository, service } from './support.ts';

const placesOf = (paths: readonly string[], others: readonly string[] = [], urls: readonly string[] = []): LivePlaces => {
  const own = service('own', { paths });
  const services = [own, ...others.map((path, index) => service(`other${index}`, { paths: [path] }))];
  return livePlaces(own, { services, repositories: urls.map((url) => repository('r', { url })) });
};

test('what stands in the place of a directory of its own is moved aside', () => {
  assert.deepEqual(placesOf(['/srv/app/', '/srv/app/data', '/var/lib/app']), {
    target: 'live',
    movedAside: ['/srv/app', '/var/lib/app'],
    excluded: [],
  });
});

test('a directory that others use too is restored over what is there', () => {
  for (const path of ['/srv', '/home/me', '/root', '/var/log', '/home', '/data', '/mnt/nas']) {
    assert.deepEqual(placesOf([path]), { target: 'live', movedAside: [], excluded: [] }, path);
  }
  assert.deepEqual(placesOf(['/srv/app'], [], ['/srv/app/backups/restic']).movedAside, []);
});

test('data of another service inside of it stays in its place, and comes back with that one', () => {
  assert.deepEqual(placesOf(['/srv/app'], ['/srv/app/db', '/srv/app/db/x', '/srv/apple']), {
    target: 'live',
    movedAside: [],
    excluded: ['/srv/app/db'],
  });
});

test('parts of an operating system are never put over a running one', () => {
  for (const path of [
    '/',
    '/etc',
    '/etc/passwd',
    '/usr',
    '/usr/lib/x',
    '/boot/grub',
    '/var/lib/dpkg',
    '/var',
    '/nix/store',
  ]) {
    assert.equal(placesOf(['/srv/app', path]).target, 'aside', path);
  }
  for (const path of ['/etc/nginx', '/usr/local/share/app', '/var/www/site']) {
    assert.deepEqual(placesOf([path]).movedAside, [path]);
  }
});
