// Images: directories in the cache, each under a key of everything that it is made from. An image is there whole or not at
// all; two who want the same one make it once.

import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { acquireFileLock } from '../../src/tools/util-linux/flock.ts';
import { syncFileSystem } from '../../src/tools/util-linux/sync.ts';
import type { Cache } from '../cache.ts';

export interface Recipe {
  /** What kind of image it is: the beginning of its directory's name. */
  readonly name: string;
  /** Everything that what `make` makes depends on; another value is another image. */
  readonly ingredients: readonly string[];
  /** Fills the empty directory. Everything that it starts ends with us. */
  make(directory: string, report: Report): Promise<void>;
}

/** A line for whoever waits. */
export type Report = (line: string) => void;

export const imageKey = ({ name, ingredients }: Recipe): string =>
  `${name}-${createHash('sha256')
    .update(JSON.stringify([process.arch, ...ingredients]))
    .digest('hex')
    .slice(0, 16)}`;

export const imagePath = (recipe: Recipe, { images }: Pick<Cache, 'images'>): string => join(images, imageKey(recipe));

/** Its directory; made when it is not there yet. */
export async function image(recipe: Recipe, cache: Cache, report: Report, signal: AbortSignal): Promise<string> {
  const path = imagePath(recipe, cache);
  if (existsSync(path)) return path;
  await using _lock = await acquireFileLock({ file: `${path}.lock`, mode: 'exclusive', subject: recipe.name }, signal);
  if (existsSync(path)) return path;
  for (const left of globSync(`${path}.making-*`)) rmSync(left, { recursive: true, force: true }); // nobody else makes it
  const making = `${path}.making-${process.pid}`;
  await using unfinished = new AsyncDisposableStack();
  unfinished.defer(() => rmSync(making, { recursive: true, force: true }));
  mkdirSync(making, { mode: 0o755 });
  const begin = performance.now();
  report(`making the image ${imageKey(recipe)}`);
  await recipe.make(making, report);
  await syncFileSystem(making, signal); // a name that survives a power cut must not stand for content that does not
  renameSync(making, path);
  unfinished.move();
  report(`made the image ${imageKey(recipe)} in ${Math.round((performance.now() - begin) / 1000)} s`);
  return path;
}
