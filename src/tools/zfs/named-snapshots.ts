// Snapshots that are known by their names: which of them there are, what holds them, and making them go one by one.

import { duration } from '../../domain/duration.ts';
import type { ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { rowsOf, tryZfs, zfsFailure } from './ask.ts';
import { findSnapshots } from './points.ts';
import { destroyArgs, holdArgs, takeArgs, type TakeOptions } from './snapshots.ts';

/** Whoever waits for these waits with a backup in hand. */
const LIMIT = duration(1, 'm');

const GONE = /dataset does not exist|could not find any snapshots to destroy|no such (?:pool|tag)/;
/** Every line that it said. */
const onlyGone = (lines: readonly string[]): boolean => lines.length > 0 && lines.every((line) => GONE.test(line));

/** Those of them that there are. Of a pool that is not imported it says nothing but that. Throws as `askZfs`. */
export const namedSnapshots = (snapshots: readonly string[], signal: AbortSignal): Promise<ZfsSnapshot[]> =>
  findSnapshots(snapshots, signal, LIMIT);

/** All at one point in time, and all or none; full names, of one pool. Throws as `askZfs`. */
export async function takeNamed(snapshots: readonly string[], options: TakeOptions, signal: AbortSignal): Promise<void> {
  const command = { argv: takeArgs(snapshots, options), operation: 'make the snapshot', subject: snapshots.join(', ') };
  const result = await tryZfs(command, signal, LIMIT);
  if (result.exitCode !== 0) throw zfsFailure(command, result);
}

/** Throws as `askZfs`, and `snapshot-missing` when one of them is gone. */
export async function holdNamed(tag: string, snapshots: readonly string[], signal: AbortSignal): Promise<void> {
  const command = { argv: holdArgs('hold', tag, snapshots), operation: 'hold', subject: snapshots.join(', ') };
  const result = await tryZfs(command, signal, LIMIT);
  if (result.exitCode === 0) return;
  const failure = zfsFailure(command, result);
  if (!result.stderrTail.some((line) => GONE.test(line))) throw failure;
  const { operation, subject, message } = failure;
  throw new HoldfastError({ code: 'snapshot-missing', operation, subject, message, retry: 'now', cause: failure });
}

/** Also where it was never held, or is gone. Throws as `askZfs`. */
export async function releaseNamed(tag: string, snapshots: readonly string[], signal: AbortSignal): Promise<void> {
  const command = { argv: holdArgs('release', tag, snapshots), operation: 'release', subject: snapshots.join(', ') };
  const result = await tryZfs(command, signal, LIMIT);
  if (result.exitCode !== 0 && !onlyGone(result.stderrTail)) throw zfsFailure(command, result);
}

/** The tags of whoever holds it; none where it is gone. Throws as `askZfs`. */
export async function holdersOf(snapshot: string, signal: AbortSignal): Promise<string[]> {
  const command = { argv: ['zfs', 'holds', '-H', snapshot] as const, operation: 'look who holds', subject: snapshot };
  const result = await tryZfs(command, signal, LIMIT);
  if (result.exitCode !== 0 && !onlyGone(result.stderrTail)) throw zfsFailure(command, result);
  return rowsOf(result.stdout).flatMap(([, tag]) => tag ?? []);
}

/** `busy`: it is mounted somewhere, or held. Throws as `askZfs` for anything else. */
export async function destroyNamed(dataset: string, name: string, signal: AbortSignal): Promise<'gone' | 'busy'> {
  const command = { argv: destroyArgs(dataset, [name]), operation: 'destroy', subject: `${dataset}@${name}` };
  const result = await tryZfs(command, signal, LIMIT);
  if (result.exitCode === 0 || onlyGone(result.stderrTail)) return 'gone';
  if (/dataset is busy|it's being held/.test(result.stderrTail.join('\n'))) return 'busy';
  throw zfsFailure(command, result);
}
