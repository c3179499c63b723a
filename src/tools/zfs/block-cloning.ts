// Whether a copy within a dataset takes no room: blocks are shared, since OpenZFS 2.2 where that is switched on, and by itself since 2.3.

import { readFile } from 'node:fs/promises';
import { poolOf } from '../../domain/dataset.ts';
import { errnoOf } from '../../lib/errors.ts';
import { askZfs } from './ask.ts';

const SWITCH = '/sys/module/zfs/parameters/zfs_bclone_enabled';

export const cloningArgs = (pool: string): readonly [string, ...string[]] => [
  'zpool',
  'get',
  '-Hp',
  '-o',
  'value',
  'feature@block_cloning',
  pool,
];

/** Throws as `askZfs`. */
export async function sharesBlocks(dataset: string, signal: AbortSignal): Promise<boolean> {
  if (!(await isSwitchedOn())) return false;
  const pool = poolOf(dataset);
  const argv = cloningArgs(pool);
  const state = await askZfs({ argv, operation: 'ask for the features of', subject: pool }, signal);
  return ['enabled', 'active'].includes(state.trim());
}

async function isSwitchedOn(): Promise<boolean> {
  try {
    return (await readFile(SWITCH, 'utf8')).trim() === '1';
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
