// Exchanges a file or a directory as a whole, by renames. The name of the old data is the record of how far that came: `leaving`
// goes back unless all of the new came, `aside` stays.

import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../../lib/durable-file.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { fileSystemFailure } from './file-system-failure.ts';
import { displace, exists } from './moves.ts';

export interface Swap {
  /** Where the data belongs. */
  readonly path: string;
  /** The restored data, in a staging directory on the same file system; null where nothing takes the place of the old. */
  readonly staged: string | null;
  /** Where the old data is while the new comes. */
  readonly leaving: string;
  /** Where the old data is kept then. */
  readonly aside: string;
  /** Where something goes (see `displace`) that lies at `path` when the old data is put back. */
  readonly displaced: string;
}

export interface RecordedSwap extends Swap {
  /** Whether there was old data. */
  readonly formerly: boolean;
}

export async function moveOut({ path, leaving }: Swap): Promise<void> {
  try {
    if (await exists(path)) await rename(path, leaving);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw fileSystemFailure(error, 'move the old data away from', path, 'See to what is said there, then restore again.');
  }
}

export async function moveIn({ path, staged }: Swap): Promise<void> {
  if (staged === null) return;
  try {
    if (await exists(path)) throw created(path);
    await rename(staged, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw fileSystemFailure(error, 'put the restored data in place at', path, STOP_IT);
  }
}

export async function keepOld(swaps: readonly Swap[]): Promise<void> {
  for (const { path, leaving, aside } of swaps) {
    /* oxlint-disable no-await-in-loop -- one after the other */
    if (await exists(leaving)) await rename(leaving, aside);
    await syncDirectory(dirname(path));
    /* oxlint-enable no-await-in-loop */
  }
}

/** All of the new is in place: the old has its final name, or no more than that is missing. */
export async function isDecided(swaps: readonly RecordedSwap[]): Promise<boolean> {
  const there = (paths: readonly string[]): Promise<boolean[]> => Promise.all(paths.map(exists));
  if ((await there(swaps.map(({ aside }) => aside))).includes(true)) return true;
  const fresh = swaps.flatMap(({ path, staged }) => (staged === null ? [] : [{ path, staged }]));
  if ((await there(fresh.map(({ staged }) => staged))).includes(true)) return false;
  if ((await there(fresh.map(({ path }) => path))).includes(false)) return false;
  // That it is not in its staging means that it came from there as long as that is there itself.
  return (
    !swaps.some(({ formerly }) => formerly) || !(await there(fresh.map(({ staged }) => dirname(staged)))).includes(false)
  );
}

/** Not, for instance, the empty directory below a file system that is not mounted. */
export async function assertOldThere({ path, staged, leaving, formerly }: RecordedSwap): Promise<void> {
  if (staged === null || (await exists(leaving))) return;
  if (!(await exists(dirname(staged)))) throw notMounted('put the old data back at', path, [leaving, dirname(staged)]);
  if (formerly && !(await exists(path))) throw notMounted('put the old data back at', path, [leaving, path]);
}

/** The new data is in its staging, or came from there. */
export async function assertNewThere({ path, staged, aside, formerly }: RecordedSwap): Promise<void> {
  if (staged === null || (await exists(dirname(staged))) || (await exists(aside))) return;
  if (formerly || !(await exists(path)))
    throw notMounted('put the restored data in place at', path, [dirname(staged), aside]);
}

/** Where it is certain that the new takes the place of the old, also of what was made at the path meanwhile. */
export async function bringIn({ path, staged, displaced }: RecordedSwap): Promise<void> {
  if (staged === null || !(await exists(staged))) return;
  await displace(path, displaced);
  await rename(staged, path);
  await syncDirectory(dirname(path));
}

export async function putBack({ path, staged, leaving, displaced, formerly }: RecordedSwap): Promise<void> {
  const old = await exists(leaving);
  const came = !formerly && staged !== null && !(await exists(staged));
  // Also the restored data, if it came so far: it may have been written to since.
  if (old || came) await displace(path, displaced);
  if (old) await rename(leaving, path);
  await syncDirectory(dirname(path));
}

const STOP_IT = 'Stop what uses the data, then restore again.';

const created = (path: string): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'put the restored data in place at',
    subject: path,
    message: 'something was created there while it was empty',
    hint: STOP_IT,
    retry: 'later',
  });

export const notStaged = (path: string, staged: string): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'restore',
    subject: path,
    message: `${staged} does not exist: there is nothing to put in its place`,
    hint: 'Nothing was changed. Look into the snapshot with `holdfast ls`.',
  });

export const notMounted = (operation: string, path: string, missing: readonly [string, string]): HoldfastError =>
  new HoldfastError({
    code: 'not-mounted',
    operation,
    subject: path,
    message: `neither ${missing[0]} nor ${missing[1]} exists`,
    hint: 'Is its file system mounted? Otherwise look for what was moved away by hand: nothing is changed until one is there.',
    retry: 'later',
  });
