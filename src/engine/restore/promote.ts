// Puts restored data in the place of the old by renames, and keeps the old beside it. The name of the old data is the record
// of how far that came, and what undoing goes by: `leaving` goes back unless all of the new came, `aside` stays. So it does
// not matter which numbers a file system has after a reboot, or what was created at the path meanwhile. Nothing is ever
// removed here.

import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { type JsonObject, textAt } from '../../lib/json.ts';
import { fileSystemFailure } from './file-system-failure.ts';
import { displace, exists, syncDirectory } from './moves.ts';

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

interface RecordedSwap extends Swap {
  /** Whether there was old data. */
  readonly formerly: boolean;
}

export const PROMOTION: EffectKind = {
  kind: 'promotion',
  untilMade: true,
  async undo(payload) {
    const swaps = swapsOf(payload);
    if (await isDecided(swaps)) return await keepOld(swaps);
    for (const swap of swaps) await assertUnderstood(swap); // oxlint-disable-line no-await-in-loop -- all, before anything is changed
    for (const swap of swaps.toReversed()) await putBack(swap); // oxlint-disable-line no-await-in-loop -- in order
  },
};

/** Swaps all of them, or none: when one fails the old data is back in each place. */
export async function promote(context: StepContext, swaps: readonly Swap[]): Promise<void> {
  if (swaps.length === 0) return;
  const recorded = await Promise.all(
    swaps.map(async (swap) => {
      if (swap.staged !== null && !(await exists(swap.staged))) throw notStaged(swap, swap.staged);
      return { ...swap, formerly: await exists(swap.path) };
    }),
  );
  await using _swap = await context.hold(PROMOTION.kind, { swaps: recorded }, async () => {
    /* oxlint-disable no-await-in-loop -- one after the other */
    for (const swap of recorded) await moveOut(swap);
    for (const swap of recorded) await moveIn(swap);
    await keepOld(recorded);
    /* oxlint-enable no-await-in-loop */
  });
}

async function moveOut({ path, leaving }: Swap): Promise<void> {
  try {
    if (await exists(path)) await rename(path, leaving);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw fileSystemFailure(error, 'move the old data away from', path, 'See to what is said there, then restore again.');
  }
}

async function moveIn({ path, staged }: Swap): Promise<void> {
  if (staged === null) return;
  try {
    if (await exists(path)) throw created(path);
    await rename(staged, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw fileSystemFailure(error, 'put the restored data in place at', path, STOP_IT);
  }
}

async function keepOld(swaps: readonly Swap[]): Promise<void> {
  for (const { path, leaving, aside } of swaps) {
    /* oxlint-disable no-await-in-loop -- one after the other */
    if (await exists(leaving)) await rename(leaving, aside);
    await syncDirectory(dirname(path));
    /* oxlint-enable no-await-in-loop */
  }
}

/** All of the new is in place: the old has its final name, or no more than that is missing. */
async function isDecided(swaps: readonly RecordedSwap[]): Promise<boolean> {
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
async function assertUnderstood({ path, staged, leaving, formerly }: RecordedSwap): Promise<void> {
  if (staged === null || (await exists(leaving))) return;
  if ((await exists(dirname(staged))) && (!formerly || (await exists(path)))) return;
  throw new HoldfastError({
    code: 'not-mounted',
    operation: 'put the old data back at',
    subject: path,
    message: `neither ${leaving} nor ${formerly && (await exists(dirname(staged))) ? path : dirname(staged)} exists`,
    hint: 'Is its file system mounted? Otherwise look for what was moved away by hand: nothing is changed until one is there.',
    retry: 'later',
  });
}

async function putBack({ path, staged, leaving, displaced, formerly }: RecordedSwap): Promise<void> {
  const old = await exists(leaving);
  const came = !formerly && staged !== null && !(await exists(staged));
  // Also the restored data, if it came so far: it may have been written to since.
  if (old || came) await displace(path, displaced);
  if (old) await rename(leaving, path);
  await syncDirectory(dirname(path));
}

/** The payload is what `promote` wrote: see there. */
function swapsOf(payload: JsonObject): RecordedSwap[] {
  const swaps = Array.isArray(payload['swaps']) ? payload['swaps'] : [];
  return swaps.map((swap: JsonObject) => ({
    path: textAt(swap, 'path'),
    staged: textAt(swap, 'staged') || null,
    leaving: textAt(swap, 'leaving'),
    aside: textAt(swap, 'aside'),
    displaced: textAt(swap, 'displaced'),
    formerly: swap['formerly'] === true,
  }));
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

const notStaged = ({ path }: Swap, staged: string): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'restore',
    subject: path,
    message: `${staged} does not exist: there is nothing to put in its place`,
    hint: 'Nothing was changed. Look into the snapshot with `holdfast ls`.',
  });
