// zpool list and status, zfs list: how pools do, and how full they and datasets are.

import { duration } from '../../domain/duration.ts';
import type { DatasetSpace, PoolHealth } from '../../domain/storage-health.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { askZfs, rowsOf, tryZfs, unexpected, zfsFailure } from './ask.ts';

type Argv = readonly [string, ...string[]];

export const poolListArgs: Argv = ['zpool', 'list', '-Hp', '-o', 'name,health,size,allocated'];
/** By name: one that cannot be had is then a failure, and is otherwise left out in silence. Exact numbers instead of '1.2K'. */
export const poolStatusArgs = (pools: readonly string[]): Argv => ['zpool', 'status', '-p', ...pools];
export const spaceArgs = (datasets: readonly string[]): Argv => [
  'zfs',
  'list',
  '-Hp',
  '-o',
  'name,used,available',
  ...datasets,
];

export interface PoolErrors {
  readonly dataErrors: number | null;
  readonly deviceErrors: number | null;
}

/** From what `zpool list` and, by pool, `zpool status` say. Throws `tool-output`. */
export function parsePoolHealth(list: string, errors: ReadonlyMap<string, PoolErrors>): PoolHealth[] {
  return rowsOf(list).map((row): PoolHealth => {
    const [name, health, size, allocated] = row;
    if (name === undefined || health === undefined || allocated === undefined) throw unexpected('zpool list', row);
    const { dataErrors = null, deviceErrors = null } = errors.get(name) ?? {};
    // A pool that is not to be had says '-'.
    return { name, health, size: Number(size) || 0, allocated: Number(allocated) || 0, dataErrors, deviceErrors };
  });
}

/** By pool; what is not told is null. */
export function parsePoolErrors(status: string): ReadonlyMap<string, PoolErrors> {
  const parts = status.split(/^ *pool: (.+)$/m).slice(1);
  const pools = new Map<string, PoolErrors>();
  for (let index = 0; index + 1 < parts.length; index += 2)
    pools.set((parts[index] ?? '').trim(), errorsIn(parts[index + 1] ?? ''));
  return pools;
}

const DEVICE = /^\t( *)(\S.*?) +[A-Z]+ +(\d+) +(\d+) +(\d+)/;

/** Each device also counts what those beneath it could not mend: the leaves are counted. */
function errorsIn(text: string): PoolErrors {
  const devices = text.split('\n').flatMap((line) => {
    const [, indent = '', , read = '', write = '', checksum = ''] = DEVICE.exec(line) ?? [];
    return checksum === '' ? [] : [{ depth: indent.length, errors: Number(read) + Number(write) + Number(checksum) }];
  });
  const leaves = devices.filter(({ depth }, index) => (devices[index + 1]?.depth ?? 0) <= depth);
  const [, told = ''] = /^errors: (.*)$/m.exec(text) ?? [];
  const [, count] = /^(\d+) data errors/.exec(told) ?? [];
  return {
    dataErrors: told === 'No known data errors' ? 0 : count === undefined ? null : Number(count),
    deviceErrors: devices.length === 0 ? null : leaves.reduce((sum, { errors }) => sum + errors, 0),
  };
}

/** Throws `tool-output`. */
export const parseSpaces = (stdout: string): DatasetSpace[] =>
  rowsOf(stdout).map((row): DatasetSpace => {
    const [name, used, available] = row;
    if (name === undefined || available === undefined) throw unexpected('zfs list', row);
    return { name, used: Number(used), available: Number(available) };
  });

/** Whoever waits for it writes metrics every five minutes. */
const PATIENCE = duration(10, 's');

/** Of all pools that are imported. Throws as `askZfs`. */
export async function poolHealth(signal: AbortSignal): Promise<PoolHealth[]> {
  try {
    return await lookAtPools(signal);
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'timed-out') throw error;
    return await lookAtPools(signal); // one may have gone, or changed, between the two questions
  }
}

async function lookAtPools(signal: AbortSignal): Promise<PoolHealth[]> {
  const ask = (argv: Argv): Promise<string> =>
    askZfs({ argv, operation: 'ask about', subject: 'the pools' }, signal, PATIENCE);
  const list = await ask(poolListArgs);
  const names = parsePoolHealth(list, new Map()).map(({ name }) => name);
  if (names.length === 0) return [];
  const errors = parsePoolErrors(await ask(poolStatusArgs(names)));
  const untold = names.find((name) => !errors.has(name));
  if (untold !== undefined) throw unexpected('zpool status', [`it says nothing of ${untold}`]);
  return parsePoolHealth(list, errors);
}

/** Of those that are there. Throws as `askZfs`. */
export async function datasetSpaces(datasets: readonly string[], signal: AbortSignal): Promise<DatasetSpace[]> {
  if (datasets.length === 0) return []; // it would list all
  const command = { argv: spaceArgs(datasets), operation: 'ask about', subject: datasets.join(', ') };
  const result = await tryZfs(command, signal, PATIENCE);
  const spaces = parseSpaces(result.stdout);
  const { exitCode, stderrTail } = result;
  const onlyMissing = stderrTail.length > 0 && stderrTail.every((line) => line.includes('dataset does not exist'));
  if (exitCode !== 0 && !onlyMissing) throw zfsFailure(command, result);
  return spaces;
}
