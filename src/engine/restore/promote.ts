// Puts restored data in the place of the old by two renames, and keeps the old beside it. Dying between the two ends with
// the old data in its place: the undo of this effect is what makes that so. Nothing is ever removed here.

import { lstat, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { type JsonObject, textAt } from '../../lib/json.ts';
import { fileSystemFailure } from './file-system-failure.ts';

export interface Swap {
  /** Where the data belongs. */
  readonly path: string;
  /** The restored data, on the same file system. */
  readonly staged: string;
  /** Where the old data is kept. */
  readonly aside: string;
  /** Where something goes that was created at `path` while it was empty. */
  readonly intruder: string;
}

export const PROMOTION: EffectKind = {
  kind: 'promotion',
  async undo(payload) {
    const swaps = swapsOf(payload);
    const states = await Promise.all(swaps.map(async (swap) => ({ swap, there: await identityOf(swap.path) })));
    if (states.every(({ swap, there }) => there === swap.identity)) return; // all of the new data is in place
    for (const { swap, there } of states.toReversed()) await putBack(swap, there); // oxlint-disable-line no-await-in-loop -- in order
  },
};

/** Swaps all of them, or none: when one fails the old data is back in each place. */
export async function promote(context: StepContext, swaps: readonly Swap[]): Promise<void> {
  if (swaps.length === 0) return;
  const identified = await Promise.all(
    swaps.map(async (swap) => {
      const identity = await identityOf(swap.staged);
      if (identity === null) throw notStaged(swap);
      return { ...swap, identity, formerly: await identityOf(swap.path) };
    }),
  );
  await using _swap = await context.hold(PROMOTION.kind, { swaps: identified }, async () => {
    for (const swap of swaps) await exchange(swap); // oxlint-disable-line no-await-in-loop -- one after the other
  });
}

async function exchange({ path, staged, aside }: Swap): Promise<void> {
  try {
    if ((await identityOf(path)) !== null) await rename(path, aside);
    await rename(staged, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw fileSystemFailure(
      error,
      'put the restored data in place at',
      path,
      'The old data is in its place again. Something may have created new files there meanwhile: stop it, then restore again.',
    );
  }
}

/** `there` is what lies at the path now. */
async function putBack(swap: IdentifiedSwap, there: string | null): Promise<void> {
  const { path, staged, aside, intruder, identity, formerly } = swap;
  if (there === identity) await rename(path, staged);
  // Either the old data never left, or there was none, or what lies there is somebody else's.
  if (formerly === null || (await identityOf(aside)) !== formerly) return;
  if (there !== null && there !== identity) await rename(path, intruder);
  await rename(aside, path);
  await syncDirectory(dirname(path));
}

interface IdentifiedSwap extends Swap {
  /** Of the restored data: see `identityOf`. */
  readonly identity: string;
  /** Of the old data; null when there was none. */
  readonly formerly: string | null;
}

/** Device and inode: what a rename keeps. Null when there is nothing. */
export async function identityOf(path: string | Buffer): Promise<string | null> {
  try {
    const { dev, ino } = await lstat(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Makes the renames in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path);
  await directory.sync();
}

/** The payload is what `promote` wrote: see there. */
function swapsOf(payload: JsonObject): IdentifiedSwap[] {
  const swaps = Array.isArray(payload['swaps']) ? payload['swaps'] : [];
  return swaps.map((swap: JsonObject) => ({
    path: textAt(swap, 'path'),
    staged: textAt(swap, 'staged'),
    aside: textAt(swap, 'aside'),
    intruder: textAt(swap, 'intruder'),
    identity: textAt(swap, 'identity'),
    formerly: textAt(swap, 'formerly') || null,
  }));
}

const notStaged = ({ path, staged }: Swap): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'restore',
    subject: path,
    message: `${staged} does not exist: there is nothing to put in its place`,
    hint: 'Nothing was changed. Look into the snapshot with `holdfast ls`.',
  });
