// Plain files: which declared paths are there, and which hold nothing. restic before 0.19 says nothing about a missing
// path beside a present one, so presence is looked at here.

import { lstat, opendir } from 'node:fs/promises';
import { errnoOf } from '../lib/errors.ts';

export interface Presence {
  readonly present: readonly string[];
  readonly missing: readonly string[];
  /** Directories among `present` without a single entry. */
  readonly empty: readonly string[];
}

/** A path that cannot be looked at counts as missing: it cannot be backed up either. */
export async function presenceOf(paths: readonly string[]): Promise<Presence> {
  const states = await Promise.all(paths.map(async (path) => ({ path, state: await stateOf(path) })));
  const inState = (wanted: string): string[] => states.filter(({ state }) => state === wanted).map(({ path }) => path);
  return {
    present: states.filter(({ state }) => state !== 'missing').map(({ path }) => path),
    missing: inState('missing'),
    empty: inState('empty'),
  };
}

async function stateOf(path: string): Promise<'missing' | 'empty' | 'filled'> {
  try {
    const stats = await lstat(path);
    if (!stats.isDirectory()) return 'filled';
    await using directory = await opendir(path);
    return (await directory.read()) === null ? 'empty' : 'filled';
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return errnoOf(error) === 'EACCES' ? 'filled' : 'missing'; // EACCES: restic will tell in its own words
  }
}
