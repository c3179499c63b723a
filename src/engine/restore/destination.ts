// Where a restore into a new directory may go: what is refused before anything is read or written. Nothing here changes anything.

import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { localDirectory, normalPath } from '../../config/repository-url.ts';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import { errnoOf } from '../../lib/errors.ts';
import { mountPoints } from '../../repositories/mounts.ts';
import { freeSpace } from '../../tools/util-linux/stat.ts';
import { isWithin, realOr, refuse, statOf } from './path-facts.ts';

/** Everything that a destination must stay out of. */
export interface Surroundings {
  readonly services: Iterable<ServiceConfig>;
  readonly repositories: Iterable<RepositoryConfig>;
}

/** A directory that does not exist (null), or is empty: its mode and owner are then kept. */
export interface Destination {
  readonly path: string;
  readonly existing: { readonly mode: number; readonly uid: number; readonly gid: number } | null;
}

/** `path` is absolute. Throws `refused` with the way on. */
export async function checkDestination(path: string, surroundings: Surroundings): Promise<Destination> {
  const wanted = normalPath(path);
  if (wanted === '/')
    throw refuse('refused', wanted, 'it is the root directory', 'Name a new directory, for instance /restored.');
  const parent = await realParent(wanted);
  const target = join(parent, basename(wanted));
  for (const place of new Set([wanted, target])) await assertOutside(place, surroundings); // oxlint-disable-line no-await-in-loop -- two
  const stats = await statOf(target);
  if (stats === null) return { path: target, existing: null };
  const elsewhere = `Name a directory that does not exist yet: --to ${join(target, 'restored')}`;
  if (!stats.isDirectory())
    throw refuse(
      'refused',
      target,
      'it exists and is not a directory',
      `Name a directory that does not exist yet: --to ${target}.restored`,
    );
  if ((await readdir(target)).length > 0) {
    throw refuse('refused', target, 'it is not empty, and a restore never overwrites anything', elsewhere);
  }
  if ((await mountPoints()).has(target) || stats.dev !== (await stat(parent)).dev) {
    throw refuse('refused', target, 'it is a mount point, into whose place nothing can be renamed', elsewhere);
  }
  return { path: target, existing: { mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid } };
}

/** Throws `no-space` unless `bytes` fit below `directory`. */
export async function requireSpace(directory: string, bytes: Bytes, signal: AbortSignal): Promise<void> {
  const free = await freeSpace(directory, signal);
  if (free >= bytes) return;
  throw refuse(
    'no-space',
    directory,
    `${describeBytes(bytes)} are to be restored, ${describeBytes(free)} are free`,
    'The old data, where there is any, is kept until the new is in place. Make room there, or have it restored to another file system: holdfast restore SERVICE --to DIR',
  );
}

/** Throws `refused` for a place in live data or in a repository; `hint` says what to do instead. */
export async function assertOutside(place: string, { services, repositories }: Surroundings, hint?: string): Promise<void> {
  for (const { name, backup, postgres } of services) {
    for (const path of [...(backup?.paths ?? []), ...(postgres === null ? [] : [postgres.dataDir])]) {
      // oxlint-disable-next-line no-await-in-loop -- a handful
      if (isWithin(place, path) || isWithin(place, await realOr(path))) {
        throw refuse(
          'refused',
          place,
          `it lies in the live data of ${name} (${path})`,
          hint ?? 'Choose another directory; --in-place replaces the live data, and keeps it.',
        );
      }
    }
  }
  for (const { name, url } of repositories) {
    const directory = localDirectory(url);
    // oxlint-disable-next-line no-await-in-loop -- a handful
    if (directory !== null && (isWithin(place, directory) || isWithin(place, await realOr(directory)))) {
      throw refuse(
        'refused',
        place,
        `it lies in the repository ${name} (${directory})`,
        hint ?? 'Choose a directory outside of it.',
      );
    }
  }
}

async function realParent(path: string): Promise<string> {
  const parent = dirname(path);
  try {
    const real = await realpath(parent);
    if ((await stat(real)).isDirectory()) return real;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
  throw refuse('refused', path, `${parent} is not a directory that can be used`, `Make it first: mkdir -p ${parent}`);
}
