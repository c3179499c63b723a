// zpool list: which pools are imported, and in what state.

import type { PoolState } from '../../domain/dataset.ts';
import { askZfs, rowsOf, unexpected } from './ask.ts';

export const poolsArgs: readonly [string, ...string[]] = ['zpool', 'list', '-Hp', '-o', 'name,health,readonly'];

/** By name. Throws `tool-output`. */
export function parsePools(stdout: string): ReadonlyMap<string, PoolState> {
  const pools = rowsOf(stdout).map((row): PoolState => {
    const [name, health, readOnly] = row;
    if (name === undefined || health === undefined || readOnly === undefined) throw unexpected('zpool list', row);
    return { name, health, readOnly: readOnly === 'on' };
  });
  return new Map(pools.map((pool) => [pool.name, pool]));
}

/** Throws as `askZfs`. */
export const listPools = async (signal: AbortSignal): Promise<ReadonlyMap<string, PoolState>> =>
  parsePools(await askZfs({ argv: poolsArgs, operation: 'list', subject: 'the pools' }, signal));
