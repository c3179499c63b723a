// Which mount a path leads into.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSamePlace, MountTable, placeIn } from '../../src/domain/mount.ts';
import { isWithin } from '../../src/lib/path.ts';
import { parseMounts } from '../../src/repositories/mounts.ts';
import { mounted, ROOT, someMountPoints, somePath } from './support/mounts.ts';

test('a path leads into what was mounted last at it or above it, in whatever order the mounts are listed', () => {
  const shuffled = someMountPoints
    .map((points) => mounted([ROOT, ...points.map((path) => ({ path }))]))
    .chain((made) => fc.tuple(fc.constant(made), fc.shuffledSubarray(made, { minLength: made.length })));
  fc.assert(
    fc.property(shuffled, somePath, ([made, listed], path) => {
      const last = made.findLast((mount) => isWithin(mount.path, path));
      assert.equal(new MountTable(listed).holderOf(path)?.id, last?.id);
    }),
  );
});

test('a table of whatever ids and parents is walked to an end', () => {
  const some = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }), somePath));
  fc.assert(
    fc.property(some, somePath, (lines, path) => {
      const text = lines.map(([id, parent, at]) => `${id} ${parent} 0:1 / ${at} rw - tmpfs tmpfs rw\n`).join('');
      new MountTable(parseMounts(text)).holderOf(path);
    }),
  );
});

/** Mounts what it is told to and prints its list, then the mount of each of the paths as opening it tells. */
const KERNEL = String.raw`
set -e
mount -t tmpfs base /mnt
for path; do mkdir -p "/mnt$path"; mount -t tmpfs t "/mnt$path"; done
cat /proc/self/mountinfo
echo ---
cd /mnt
find . -type d | while read -r path; do
  exec 3<"$path"
  read -r id <<EOF
$(sed -n 's/^mnt_id:[[:space:]]*//p' /proc/self/fdinfo/3)
EOF
  echo "$id $path"
done`;

test('what is reckoned from the list of mounts is where the kernel leads', () => {
  const argv = ['--map-root-user', '--mount', '--propagation', 'private', 'sh', '-c', KERNEL, 'sh'];
  fc.assert(
    fc.property(someMountPoints, (points) => {
      const [list = '', opened = ''] = execFileSync('unshare', [...argv, ...points], { encoding: 'utf8' }).split('---\n');
      const table = new MountTable(parseMounts(list));
      const lines = opened.split('\n').filter((line) => line !== '');
      assert.ok(lines.length > 0);
      for (const line of lines) {
        const [id, path = ''] = line.split(' ');
        assert.equal(table.holderOf(`/mnt${path.slice(1)}`)?.id, Number(id), `${path} in\n${list}`);
      }
    }),
    { numRuns: 15 },
  );
});

test('a bind of a directory over itself is the same place, another directory of that file system is not', () => {
  const made = mounted([
    { ...ROOT, device: '8:1' },
    { path: '/srv/app', device: '8:1', root: '/srv/app' },
    { path: '/srv/web', device: '8:1', root: '/old/web' },
  ]);
  const [root, app, web] = made;
  assert.ok(root && app && web);
  assert.ok(isSamePlace(placeIn(root, '/srv/app/data'), placeIn(app, '/srv/app/data')));
  assert.ok(!isSamePlace(placeIn(root, '/srv/web'), placeIn(web, '/srv/web')));
  assert.deepEqual(placeIn(root, '/'), { device: '8:1', directory: '/' });
});
