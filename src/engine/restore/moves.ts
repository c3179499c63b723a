// The moves of which a promotion is made. None of them removes or overwrites anything.

import { lstat, mkdtemp, rename } from 'node:fs/promises';
import { errnoOf } from '../../lib/errors.ts';

/** Whether anything has that name; a link that leads nowhere is something. */
export async function exists(path: string | Buffer): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Makes room at `path`: what lies there goes, under its own name, into a new directory whose name begins with `prefix`. */
export async function displace(path: string | Buffer, prefix: string): Promise<void> {
  const from = Buffer.from(path);
  if (!(await exists(from))) return;
  const directory = await mkdtemp(prefix);
  await rename(from, Buffer.concat([Buffer.from(directory), from.subarray(from.lastIndexOf('/'))]));
}
