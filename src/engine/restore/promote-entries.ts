// Puts restored data in the place of the old inside a directory that cannot be renamed itself: a mount point, a dataset, a
// subvolume. Its entries move one by one: the old ones out into `leaving`, which is then renamed to `entering` (the point of
// no return), the new ones in, and `entering` becomes `aside`. Which of the three there is says how far it came: undoing
// goes back before that point, and on after it. Nothing is ever removed here.

import { lstat, mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { type JsonObject, textAt } from '../../lib/json.ts';
import { setAttributes } from './attributes.ts';
import { fileSystemFailure } from './file-system-failure.ts';
import { displace, exists, syncDirectory } from './moves.ts';

/** All but `path` lie inside of it. */
export interface EntrySwap {
  /** The directory that stays. */
  readonly path: string;
  /** The restored directory. */
  readonly staged: string;
  /** Top-level names of Holdfast's own in `path`, which stay. */
  readonly own: readonly string[];
  /** Where the old entries are, one name after the other. */
  readonly leaving: string;
  readonly entering: string;
  readonly aside: string;
  /** Where something goes (see `displace`) that has the name of an old entry when that is put back. */
  readonly displaced: string;
}

/** They belong to the file system, not to the data. */
const OF_THE_FILE_SYSTEM = new Set(['lost+found', '.zfs']);

export const ENTRY_PROMOTION: EffectKind = {
  kind: 'entry-promotion',
  untilMade: true,
  async undo(payload, signal) {
    const swap = swapOf(payload);
    if (await exists(swap.aside)) return; // it was all done
    if (await exists(swap.entering)) return await complete(swap, signal);
    if (await exists(swap.leaving)) return await takeBack(swap, signal);
    await assertStaged(swap); // nothing was moved
  },
};

/** Swaps; on failure the old entries are back, or all of the new ones are in. It cannot be cancelled. */
export async function promoteEntries(context: StepContext, swap: EntrySwap): Promise<void> {
  await using _swap = await context.hold(ENTRY_PROMOTION.kind, { ...swap }, async () => {
    try {
      await exchange(swap);
    } catch (error) {
      throw fileSystemFailure(
        error,
        'put the restored data in place at',
        swap.path,
        'See to what is said there (dmesg, findmnt and lsattr may tell more), then restore again.',
      );
    }
  });
}

async function exchange(swap: EntrySwap): Promise<void> {
  const { signal } = new AbortController(); // a few renames, and all or nothing
  await mkdir(swap.leaving, { mode: 0o700 });
  await moveAll(swap.path, swap.leaving, { except: swap.own, displaced: swap.displaced, signal });
  await rename(swap.leaving, swap.entering);
  await syncDirectory(swap.path);
  await complete(swap, signal);
}

async function complete(swap: EntrySwap, signal: AbortSignal): Promise<void> {
  await assertStaged(swap);
  await moveAll(swap.staged, swap.path, { displaced: `${swap.entering}/displaced-`, signal });
  await setAttributes(swap.path, await lstat(swap.staged)); // not its times: they tell of what was moved in and out of it
  await syncDirectory(swap.path);
  await rename(swap.entering, swap.aside);
  await syncDirectory(swap.path);
}

async function takeBack(swap: EntrySwap, signal: AbortSignal): Promise<void> {
  await moveAll(swap.leaving, swap.path, { displaced: swap.displaced, signal });
  await rmdir(swap.leaving);
  await syncDirectory(swap.path);
}

interface Move {
  readonly except?: readonly string[];
  readonly displaced: string;
  readonly signal: AbortSignal;
}

/** Every entry, one after the other, so that a failure stops it. */
async function moveAll(from: string, to: string, { except = [], displaced, signal }: Move): Promise<void> {
  for (const name of await readdir(from, { encoding: 'buffer' })) {
    if (except.includes(name.toString()) || OF_THE_FILE_SYSTEM.has(name.toString())) continue;
    signal.throwIfAborted();
    /* oxlint-disable no-await-in-loop -- one after the other is the point */
    await displace(below(to, name), displaced);
    await rename(below(from, name), below(to, name));
    /* oxlint-enable no-await-in-loop */
  }
}

/** Names are bytes: they need not be UTF-8. */
const below = (directory: string, name: Buffer): Buffer => Buffer.concat([Buffer.from(`${directory}/`), name]);

/** Its absence is not taken for "all of it is in place": that is what `aside` says. */
async function assertStaged({ path, staged }: EntrySwap): Promise<void> {
  if (await exists(staged)) return;
  throw new HoldfastError({
    code: 'not-mounted',
    operation: 'put the restored data in place at',
    subject: path,
    message: `${staged} does not exist`,
    hint: `Is ${path} mounted? Otherwise look for what was moved away by hand: nothing is changed until it is there.`,
    retry: 'later',
  });
}

/** The payload is what `promoteEntries` wrote: see there. */
const swapOf = (payload: JsonObject): EntrySwap => ({
  path: textAt(payload, 'path'),
  staged: textAt(payload, 'staged'),
  own: Array.isArray(payload['own']) ? payload['own'].map(String) : [],
  leaving: textAt(payload, 'leaving'),
  entering: textAt(payload, 'entering'),
  aside: textAt(payload, 'aside'),
  displaced: textAt(payload, 'displaced'),
});
