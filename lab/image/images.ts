// The images that hosts are made from: one tree for both kinds, a kernel with OpenZFS, and a disk with the two of them.

import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cache } from '../cache.ts';
import { run } from '../command.ts';
import { sealed } from '../sealed.ts';
import { bootstrap, SUITE, type Tree } from './archive.ts';
import { type Recipe, imagePath, imageKey } from './image.ts';

/** On every host. */
const STANDARD = [
  'btrfs-progs',
  'ca-certificates',
  'dbus',
  'e2fsprogs',
  'iproute2',
  'iputils-ping',
  'kmod',
  'openssh-client',
  'openssh-server',
  'procps',
  'qemu-guest-agent',
  'restic',
  'sqlite3',
  'systemd',
  'systemd-sysv',
  'udev',
  'zfsutils-linux',
];

const script = (name: string): string => join(import.meta.dirname, name);

/** An unpacked Debian, with packages beyond the standard ones. */
export function treeRecipe(packages: readonly string[] = []): Recipe {
  const tree: Tree = {
    components: ['main', 'contrib'],
    packages: [...new Set([...STANDARD, ...packages])].toSorted(),
    customize: script('host-tree.sh'),
  };
  return {
    name: 'tree',
    ingredients: [SUITE, ...tree.components, ...tree.packages, readFileSync(tree.customize, 'utf8')],
    make: (directory, report) => bootstrap(tree, join(directory, 'tree'), report),
  };
}

/** `vmlinuz`, and `modules`, a tree to be laid over another. Its compiler takes four minutes for OpenZFS. */
export function kernelRecipe(): Recipe {
  const tree: Tree = {
    components: ['main', 'contrib'],
    packages: ['kmod', 'linux-image-cloud-amd64', 'linux-headers-cloud-amd64', 'xz-utils', 'zfs-dkms'],
    customize: script('kernel.sh'),
  };
  return {
    name: 'kernel',
    ingredients: [SUITE, ...tree.components, ...tree.packages, readFileSync(tree.customize, 'utf8')],
    make: async (directory, report) => {
      const whole = join(directory, 'tree');
      mkdirSync(whole);
      await bootstrap(tree, whole, report);
      for (const name of ['vmlinuz', 'modules']) renameSync(join(whole, 'kernel', name), join(directory, name));
      rmSync(whole, { recursive: true });
    },
  };
}

/** `disk.img`: what a machine boots from, as ext4. Needs the other two. */
export function diskRecipe(tree: Recipe, kernel: Recipe, cache: Pick<Cache, 'images'>): Recipe {
  return {
    name: 'disk',
    ingredients: [imageKey(tree), imageKey(kernel), MAKE_DISK],
    make: (directory) => makeDisk(join(directory, 'disk.img'), tree, kernel, cache),
  };
}

// Nobody needs the first, empty layer but for its place: what `files` holds goes into it.
const MAKE_DISK = `set -e
work=$1.making
mkdir "$work" "$work/upper" "$work/work" "$work/merged"
mount -t overlay overlay -o "lowerdir=$3/modules:$2/tree,upperdir=$work/upper,workdir=$work/work" "$work/merged"
[ -z "$4" ] || tar -C "$4" -cf - . | tar -C "$work/merged" --no-overwrite-dir -xpf -
mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 -d "$work/merged" "$1" 8G
umount "$work/merged"
rm -r "$work"`;

/** A bootable disk with the files of a tree on top, if there are any. */
export async function makeDisk(
  file: string,
  tree: Recipe,
  kernel: Recipe,
  cache: Pick<Cache, 'images'>,
  files = '',
): Promise<void> {
  await run({
    argv: sealed(['sh', '-c', MAKE_DISK, 'sh', file, imagePath(tree, cache), imagePath(kernel, cache), files]),
    operation: 'make',
    subject: file,
  });
}
