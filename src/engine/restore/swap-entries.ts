// Exchanges the entries of a directory that cannot be renamed itself: a mount point, a dataset, a subvolume. They move one by one:
// the old ones out into `leaving`, which is then renamed to `entering` (the point of no return), the new ones in, and `entering`
// becomes `aside`. Which of the three there is says how far it came.

import { lchown, lstat, mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { syncDirectory } from '../../lib/durable-file.ts';
import { setAttributes } from './attributes.ts';
import { fileSystemFailure } from './file-system-failure.ts';
import { displace, exists } from './moves.ts';
import { notMounted } from './swap-paths.ts';

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

/** The old entries go. */
export async function moveEntriesOut(swap: EntrySwap, signal: AbortSignal): Promise<void> {
  await told(swap, async () => {
    await mkdir(swap.leaving, { mode: 0o700 });
    // whoever works in the directory walks through all of it (a server, the backup of one), and fails where it may not
    const { uid, gid } = await lstat(swap.path);
    if (process.getuid?.() === 0) await lchown(swap.leaving, uid, gid);
    await moveAll(swap.path, swap.leaving, { except: swap.own, displaced: swap.displaced, signal });
    await syncDirectory(swap.path);
  });
}

/** From here on it only goes forward. Nothing happens where that is so already. */
export async function toPointOfNoReturn(swap: EntrySwap): Promise<void> {
  if (!(await exists(swap.leaving))) return;
  await told(swap, async () => {
    await rename(swap.leaving, swap.entering);
    await syncDirectory(swap.path);
  });
}

export const isPastReturn = async ({ entering, aside }: EntrySwap): Promise<boolean> =>
  (await exists(entering)) || (await exists(aside));

/** The new entries come. Nothing happens where they all did already. */
export async function bringEntries(swap: EntrySwap, signal: AbortSignal): Promise<void> {
  if (await exists(swap.aside)) return;
  await told(swap, async () => {
    await moveAll(swap.staged, swap.path, { displaced: `${swap.entering}/displaced-`, signal });
    await setAttributes(swap.path, await lstat(swap.staged)); // not its times: they tell of what was moved in and out of it
    await syncDirectory(swap.path);
    await rename(swap.entering, swap.aside);
    await syncDirectory(swap.path);
  });
}

/** The old entries are back. Nothing happens where they never went. */
export async function putEntriesBack({ path, leaving, displaced }: EntrySwap, signal: AbortSignal): Promise<void> {
  if (!(await exists(leaving))) return;
  await moveAll(leaving, path, { displaced, signal });
  await rmdir(leaving);
  await syncDirectory(path);
}

/** Not, for instance, the empty directory below a file system that is not mounted. */
export async function assertOldEntriesThere({ path, staged, leaving }: EntrySwap): Promise<void> {
  if ((await exists(leaving)) || (await exists(staged))) return;
  throw notMounted('put the old data back at', path, [leaving, staged]);
}

/** The absence of the staging is not taken for "all of it is in place": that is what `aside` says. */
export async function assertNewEntriesThere({ path, staged, aside }: EntrySwap): Promise<void> {
  if ((await exists(aside)) || (await exists(staged))) return;
  throw notMounted('put the restored data in place at', path, [aside, staged]);
}

async function told({ path }: EntrySwap, make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (error) {
    throw fileSystemFailure(
      error,
      'put the restored data in place at',
      path,
      'See to what is said there (dmesg, findmnt and lsattr may tell more), then restore again.',
    );
  }
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
