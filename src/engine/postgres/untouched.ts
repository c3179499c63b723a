// Whether anything was ever made in a cluster: a package, or initdb, leaves one that starts and has nothing in it.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../lib/errors.ts';
import type { ValidDirectory } from './data-directory.ts';

/** The first number that is given to what somebody makes: in all versions, FirstNormalObjectId of its source. */
const FIRST_OWN = 16_384;

/** By its files alone: its server need not run. What cannot be looked at is not said to be empty. */
export async function isUntouched(
  directory: string,
  { tablespaces }: Pick<ValidDirectory, 'tablespaces'>,
): Promise<boolean> {
  if (tablespaces.size > 0) return false;
  const base = join(directory, 'base');
  try {
    const databases = await readdir(base);
    const files = await Promise.all(databases.map((database) => readdir(join(base, database))));
    return ![...databases, ...files.flat()].some(isOwn);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** `16385`, `16385_fsm`, `16385.1`; what does not begin with a number is of no object. */
const isOwn = (name: string): boolean => Number(/^\d+/.exec(name)?.[0] ?? 0) >= FIRST_OWN;
