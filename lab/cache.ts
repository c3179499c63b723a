// Where the lab keeps what it makes: images, which stay, and a directory for each run, which does not.

import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Cache {
  readonly images: string;
  readonly runs: string;
}

/** `$HOLDFAST_LAB_CACHE`, or ~/.cache/holdfast-lab. Made when it is missing. */
export function openCache(): Cache {
  const root = cacheDirectory();
  const cache = { images: join(root, 'images'), runs: join(root, 'runs') };
  for (const directory of Object.values(cache)) mkdirSync(directory, { recursive: true, mode: 0o700 });
  return cache;
}

export const cacheDirectory = (): string =>
  resolve(process.env['HOLDFAST_LAB_CACHE'] || join(homedir(), '.cache', 'holdfast-lab'));
