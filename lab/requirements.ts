// What the lab needs of the machine that it runs on, as data, and what of it is missing. It looks and changes nothing. It waits
// for no child but apt, which is asked only when an image is to be made: tests call it before they know whether they run.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Bytes, describeBytes } from '../src/domain/bytes.ts';
import { HoldfastError } from '../src/lib/errors.ts';
import { findProgram } from '../src/process/find-program.ts';
import { cacheDirectory } from './cache.ts';
import { systemPath } from './command.ts';
import { KEYRING } from './image/archive.ts';
import { imagePath, type Recipe } from './image/image.ts';
import { diskRecipe, kernelRecipe, treeRecipe } from './image/images.ts';
import {
  archivesOfThisMachine,
  availableMemory,
  firstExisting,
  freeSpace,
  hasFileSystem,
  isOnline,
  unwritable,
} from './surroundings.ts';
import { needsRegisters } from './user-mode/registers.ts';

export type Kind = 'container' | 'machine' | 'user-mode' | 'network';
export const KINDS: readonly Kind[] = ['container', 'machine', 'user-mode', 'network'];

export interface Missing {
  /** 'qemu-img is not installed' */
  readonly what: string;
  /** How to get it: 'apt install qemu-utils'. */
  readonly fix: string;
}

export interface Requirement {
  readonly title: string;
  readonly kinds: readonly Kind[];
  /** For whoever has it. */
  detail(): string;
  missing(kind: Kind): Missing[];
}

const HOSTS: readonly Kind[] = ['container', 'machine', 'user-mode'];

/** With the Debian package of each, and who needs it. */
const PROGRAMS: readonly (readonly [name: string, debianPackage: string, kinds: readonly Kind[]])[] = [
  ['unshare', 'util-linux', KINDS],
  ['nsenter', 'util-linux', KINDS],
  ['setpriv', 'util-linux', KINDS],
  ['mmdebstrap', 'mmdebstrap', HOSTS],
  ['mke2fs', 'e2fsprogs', HOSTS],
  ['socat', 'socat', KINDS],
  ['systemd-nspawn', 'systemd-container', ['container']],
  ['mkfs.btrfs', 'btrfs-progs', ['container']],
  ['ip', 'iproute2', ['container', 'network']],
  ['qemu-system-x86_64', 'qemu-system-x86', ['machine']],
  ['qemu-img', 'qemu-utils', ['machine']],
  ['linux.uml', 'user-mode-linux', ['user-mode']],
];

const gibibytes = (count: number): Bytes => (count * 1024 ** 3) as Bytes; // literal bytes
const MEMORY = gibibytes(2);
const SPACE = { toRun: gibibytes(1), toMakeImages: gibibytes(3) };
/** A Unix socket's path has 107 bytes; /runs/RUN/hosts/NAME/console of a name of 20 takes the others. */
const LONGEST_CACHE = 40;

export const REQUIREMENTS: readonly Requirement[] = [
  {
    title: 'root',
    kinds: KINDS,
    detail: () => 'this is root',
    missing: () => (isRoot() ? [] : [{ what: 'this is not root', fix: 'run it as root' }]),
  },
  {
    title: 'processor',
    kinds: ['machine', 'user-mode'],
    detail: () => 'x86_64',
    missing: () =>
      process.arch === 'x64' ? [] : [{ what: `this is ${process.arch}`, fix: 'use a machine with an x86_64 processor' }],
  },
  {
    title: 'programs',
    kinds: KINDS,
    detail: () => 'all are installed',
    missing: (kind) =>
      PROGRAMS.filter(([name, , kinds]) => kinds.includes(kind) && findProgram(name, systemPath()) === null).map(
        ([name, debianPackage]) => ({ what: `${name} is not installed`, fix: `apt install ${debianPackage}` }),
      ),
  },
  {
    title: 'compiler',
    kinds: ['user-mode'],
    detail: () => (needsRegisters() ? 'gcc, for a processor with AMX' : 'not needed by this processor'),
    missing: () =>
      needsRegisters() && findProgram('gcc', systemPath()) === null
        ? [{ what: 'gcc is not installed, which a processor with AMX needs', fix: 'apt install gcc' }]
        : [],
  },
  {
    title: 'kernel',
    kinds: KINDS,
    detail: () => 'it has what the lab uses',
    missing: (kind) => [
      ...(kind === 'network' ? [] : [...fileSystem('overlay'), ...fileSystem('cgroup2')]),
      ...(kind === 'network' ? device('/dev/net/tun', 'tun') : device('/dev/loop-control', 'loop')),
    ],
  },
  {
    title: 'memory',
    kinds: ['machine', 'user-mode'],
    detail: () => `${describeBytes(availableMemory())} are available`,
    missing: () => {
      const free = availableMemory();
      const what = `${describeBytes(free)} of memory are available, a machine needs ${describeBytes(MEMORY)}`;
      return free >= MEMORY ? [] : [{ what, fix: 'end what uses it' }];
    },
  },
  {
    title: 'cache',
    kinds: HOSTS,
    detail: () => `${cacheDirectory()}, ${describeBytes(freeSpace(firstExisting(cacheDirectory())))} free`,
    missing: cache,
  },
  {
    title: 'archive',
    kinds: HOSTS,
    detail: () =>
      imagesMissing('machine') ? 'apt knows one, and this machine is online' : 'not needed: all images are made',
    missing: (kind) => (isRoot() && imagesMissing(kind) ? archive() : []),
  },
];

/** Everything that these kinds need and that is not there, each once. */
export function missingThings(kinds: readonly Kind[], requirements = REQUIREMENTS): Missing[] {
  const things = requirements.flatMap((requirement) =>
    kinds.filter((kind) => requirement.kinds.includes(kind)).flatMap((kind) => requirement.missing(kind)),
  );
  return [...new Map(things.map((thing) => [thing.what, thing])).values()];
}

/** The reason why a test cannot run here, in one line; false when it can. For `skip`. */
export function missingFor(...kinds: readonly [Kind, ...Kind[]]): string | false {
  const things = missingThings(kinds).map(({ what, fix }) => `${what} (${fix})`);
  return things.length > 0 && `no ${kinds.join(', no ')} of the lab here: ${things.join('; ')}`;
}

/** Throws `unsupported` with all of them, if there are any. */
export function assertNothingMissing(operation: string, subject: string, missing: readonly Missing[]): void {
  if (missing.length === 0) return;
  throw new HoldfastError({
    code: 'unsupported',
    operation,
    subject,
    message: ['this machine lacks something for it', ...missing.map(({ what, fix }) => `- ${what}: ${fix}`)].join('\n'),
    hint: '`npm run lab -- doctor` tells everything that the lab needs.',
  });
}

/** What a host of that kind is made from, when it asks for nothing special. */
export function recipesOf(kind: Kind): Recipe[] {
  if (kind === 'network') return [];
  const [tree, kernel] = [treeRecipe(), kernelRecipe()];
  return kind === 'container' ? [tree] : [tree, kernel, diskRecipe(tree, kernel, { images: imagesDirectory() })];
}

const imagesDirectory = (): string => join(cacheDirectory(), 'images');
const isRoot = (): boolean => process.getuid?.() === 0;

const imagesMissing = (kind: Kind): boolean =>
  recipesOf(kind).some((recipe) => !existsSync(imagePath(recipe, { images: imagesDirectory() })));

const fileSystem = (name: string): Missing[] =>
  hasFileSystem(name) ? [] : [{ what: `the kernel has no ${name}`, fix: `use a kernel with the file system ${name}` }];

const device = (path: string, module: string): Missing[] =>
  existsSync(path) ? [] : [{ what: `${path} is not there`, fix: `modprobe ${module}` }];

/** Only root's own cache says anything: another user has another, or may not look. */
function cache(kind: Kind): Missing[] {
  const path = cacheDirectory();
  const elsewhere = 'put it elsewhere with HOLDFAST_LAB_CACHE';
  if (!isRoot()) return [];
  if (Buffer.byteLength(path) > LONGEST_CACHE)
    return [{ what: `the path ${path} is too long for sockets: ${LONGEST_CACHE} bytes at most`, fix: elsewhere }];
  const existing = firstExisting(path);
  const problem = unwritable(existing);
  if (problem !== null) return [{ what: `nothing can be written to ${existing}: ${problem}`, fix: elsewhere }];
  const [free, needed] = [freeSpace(existing), imagesMissing(kind) ? SPACE.toMakeImages : SPACE.toRun];
  const what = `${describeBytes(free)} are free at ${path}, a ${kind} needs ${describeBytes(needed)}`;
  return free >= needed ? [] : [{ what, fix: `make room, or ${elsewhere}` }];
}

/** Of which an image that is missing can be made. */
function archive(): Missing[] {
  const what = 'an image has to be made, and';
  if (!existsSync(KEYRING)) return [{ what: `${what} ${KEYRING} is not there`, fix: 'apt install debian-archive-keyring' }];
  const archives = archivesOfThisMachine();
  if (archives.length === 0)
    return [
      { what: `${what} apt knows no archive of Debian`, fix: 'add one to /etc/apt/sources.list.d, or copy a cache here' },
    ];
  if (archives.some((url) => !/^https?:/.test(url)) || isOnline()) return [];
  return [{ what: `${what} this machine is offline`, fix: 'connect it once, or copy the cache of another machine here' }];
}
