// Puts restored data in the place of the old inside a directory that cannot be renamed itself: a mount point, a dataset, a
// subvolume. Its entries move one by one, first the old ones out, then the new ones in; the rename of the directory that
// takes the old ones is the point of no return. Dying before it ends with the old data, after it with the new.

import { chmod, chown, mkdir, readdir, rename, rmdir, stat, utimes } from 'node:fs/promises';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { type JsonObject, textAt } from '../../lib/json.ts';
import { fileSystemFailure } from './file-system-failure.ts';
import { identityOf, syncDirectory } from './promote.ts';

export interface EntrySwap {
  /** The directory that stays. */
  readonly path: string;
  /** The restored directory, inside `path`. */
  readonly staged: string;
  /** Top-level names of Holdfast's own in `path`, which stay. */
  readonly own: readonly string[];
  /** While the old entries are moving out; then renamed to `aside`. Both inside `path`. */
  readonly moving: string;
  readonly aside: string;
}

/** They belong to the file system, not to the data. */
const OF_THE_FILE_SYSTEM = new Set(['lost+found', '.zfs']);

export const ENTRY_PROMOTION: EffectKind = {
  kind: 'entry-promotion',
  async undo(payload, signal) {
    const swap = swapOf(payload);
    if ((await identityOf(swap.aside)) !== null) {
      await moveIn(swap, signal);
    } else if ((await identityOf(swap.moving)) !== null) {
      await moveAll(swap.moving, swap.path, await entriesOf(swap.moving, []), signal);
      await rmdir(swap.moving);
    }
    await syncDirectory(swap.path);
  },
};

/** Swaps; on failure the old entries are back, or all of the new ones are in. */
export async function promoteEntries(context: StepContext, swap: EntrySwap): Promise<void> {
  await using _swap = await context.hold(ENTRY_PROMOTION.kind, { ...swap }, async () => {
    try {
      await exchange(swap, context.signal);
    } catch (error) {
      throw fileSystemFailure(
        error,
        'put the restored data in place at',
        swap.path,
        'Look at the file system (dmesg, findmnt); the next start of Holdfast completes or takes back what was begun.',
      );
    }
  });
}

async function exchange(swap: EntrySwap, signal: AbortSignal): Promise<void> {
  await mkdir(swap.moving, { mode: 0o700 });
  await moveAll(swap.path, swap.moving, await entriesOf(swap.path, swap.own), signal);
  await rename(swap.moving, swap.aside);
  await syncDirectory(swap.path);
  // From here on it only goes forward: a cancellation must not leave half of it.
  await moveIn(swap, new AbortController().signal);
}

async function moveIn(swap: EntrySwap, signal: AbortSignal): Promise<void> {
  if ((await identityOf(swap.staged)) === null) return; // it was all done, and tidied up
  for (const name of await entriesOf(swap.staged, [])) {
    signal.throwIfAborted();
    const target = below(swap.path, name);
    /* oxlint-disable no-await-in-loop -- one after the other is the point */
    if ((await identityOf(target)) !== null) await rename(target, below(`${swap.aside}/created-meanwhile-`, name, ''));
    await rename(below(swap.staged, name), target);
    /* oxlint-enable no-await-in-loop */
  }
  const { mode, uid, gid, atime, mtime } = await stat(swap.staged);
  if (process.getuid?.() === 0) await chown(swap.path, uid, gid);
  await chmod(swap.path, mode & 0o7777);
  await utimes(swap.path, atime, mtime);
}

async function moveAll(from: string, to: string, names: readonly Buffer[], signal: AbortSignal): Promise<void> {
  for (const name of names) {
    signal.throwIfAborted();
    await rename(below(from, name), below(to, name)); // oxlint-disable-line no-await-in-loop -- so that a failure stops it
  }
}

/** Names are bytes: they need not be UTF-8. */
const below = (directory: string, name: Buffer, separator = '/'): Buffer =>
  Buffer.concat([Buffer.from(directory + separator), name]);

async function entriesOf(directory: string, except: readonly string[]): Promise<Buffer[]> {
  const names = await readdir(directory, { encoding: 'buffer' });
  return names.filter((name) => !except.includes(name.toString()) && !OF_THE_FILE_SYSTEM.has(name.toString()));
}

/** The payload is what `promoteEntries` wrote: see there. */
const swapOf = (payload: JsonObject): EntrySwap => ({
  path: textAt(payload, 'path'),
  staged: textAt(payload, 'staged'),
  own: Array.isArray(payload['own']) ? payload['own'].map(String) : [],
  moving: textAt(payload, 'moving'),
  aside: textAt(payload, 'aside'),
});
