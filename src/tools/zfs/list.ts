// zfs list: every dataset of this machine with what mounting needs to know, in one call.

import type { DatasetState } from '../../domain/dataset.ts';
import { askZfs, rowsOf, unexpected } from './ask.ts';

const COLUMNS = 'name,type,used,mountpoint,canmount,mounted,keystatus,encryptionroot';

export const listArgs: readonly [string, ...string[]] = [
  'zfs',
  'list',
  '-Hp',
  '-t',
  'filesystem,volume',
  '-o',
  COLUMNS,
  '-s',
  'name',
];

/** By name. Throws `tool-output` for a line of another shape. */
export function parseDatasets(stdout: string): ReadonlyMap<string, DatasetState> {
  const states = rowsOf(stdout).map((row): DatasetState => {
    const [name, type, used, mountpoint, canmount, mounted, keystatus, encryptionroot] = row;
    if (name === undefined || encryptionroot === undefined || (type !== 'filesystem' && type !== 'volume'))
      throw unexpected('zfs list', row);
    return {
      name,
      type,
      used: Number(used),
      mountpoint: mountpoint ?? 'none',
      canmount: canmount === 'off' || canmount === 'noauto' ? canmount : 'on',
      mounted: mounted === 'yes',
      lockedBy: keystatus === 'unavailable' ? encryptionroot : null,
    };
  });
  return new Map(states.map((state) => [state.name, state]));
}

/** Throws as `askZfs`. */
export const listDatasets = async (signal: AbortSignal): Promise<ReadonlyMap<string, DatasetState>> =>
  parseDatasets(await askZfs({ argv: listArgs, operation: 'list', subject: 'the datasets' }, signal));
