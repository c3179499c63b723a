// The directory in which a restore is made and proven before it takes its place. Undone by removal; what was promoted is no
// longer in it.

import { chmod, lchown, mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { duration } from '../../domain/duration.ts';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { syncDirectory } from '../../lib/durable-file.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { untilNamedByNobody } from '../../process/named-by.ts';
import { filesOf } from '../../tools/util-linux/owned-files.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';
import { fileSystemFailure } from './file-system-failure.ts';
import { requireKept } from './kept-directory.ts';
import { exists } from './moves.ts';
import { statOf } from './path-facts.ts';

export const STAGING: EffectKind = {
  kind: 'staging',
  independent: true,
  async undo({ path, uid, gid }, signal) {
    if (typeof path !== 'string') return;
    await untilNamedByNobody(path, DYING); // a restic that is still dying would make it anew
    if (typeof uid === 'number' && typeof gid === 'number' && (await isOf(path, uid)))
      await removeOwned(path, { uid, gid }, signal);
    else await removeTree(path);
    await goneForGood(path);
  },
};

/** It was told to end when its Holdfast died, and has nothing to finish. */
const DYING = duration(10, 's');

/** Also after a power cut: nobody looks for it again. There is nothing to do where what it was in is gone, too. */
async function goneForGood(path: string): Promise<void> {
  try {
    await syncDirectory(dirname(path));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

async function removeTree(path: string): Promise<void> {
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 8, retryDelay: 100 });
  try {
    await remove();
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    await openDirectories(Buffer.from(path));
    await remove();
  }
}

/** Restored directories may be closed to their owner, too, who is then not even allowed to empty them. */
async function openDirectories(directory: Buffer): Promise<void> {
  try {
    await chmod(directory, 0o700);
    for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
      // oxlint-disable-next-line no-await-in-loop -- it is rare, and there may be very many
      if (entry.isDirectory()) await openDirectories(Buffer.concat([directory, Buffer.from('/'), entry.name]));
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error; // the first attempt is still at work elsewhere
  }
}

/** Before it is given away it is ours. */
const isOf = async (path: string, uid: number): Promise<boolean> => (await statOf(path))?.uid === uid;

/** Emptied by who owns what is in it. The name itself may be in a directory where only we may write. */
async function removeOwned(path: string, owner: Owner, signal: AbortSignal): Promise<void> {
  try {
    await filesOf(owner, signal).remove(path);
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'failed') throw error;
    await rmdir(path).catch(() => {
      throw error; // it says what could not be removed
    });
  }
}

export interface StagingOptions {
  /** Whose it is, where that is not who we are. */
  readonly owner?: Owner;
  /** To whom it is given when we have done our work in it: who then also removes it. */
  readonly givenTo?: Owner;
  /** When it cannot be made. */
  readonly hint?: string;
}

/** Makes the directory (mode 0700, it must not exist); disposing removes it with what is left in it. */
export async function holdStaging(
  context: StepContext,
  path: string,
  { owner, givenTo, hint = HINT }: StagingOptions = {},
): Promise<AsyncDisposable> {
  const theirs = owner ?? givenTo;
  if (theirs) await requireKept(dirname(path), theirs);
  if (await exists(path)) throw notOurs(path); // before it is recorded: undoing would remove what is not ours
  return await context.hold(STAGING.kind, { path, ...theirs }, async () => {
    if (owner && (await stat(dirname(path))).uid === owner.uid)
      return await filesOf(owner, context.signal).makeDirectory(path);
    try {
      await mkdir(path, { mode: 0o700 });
      if (owner && process.getuid?.() === 0) await lchown(path, owner.uid, owner.gid); // nobody else can put a link there
    } catch (error) {
      throw fileSystemFailure(error, 'make the staging directory', path, hint);
    }
  });
}

const notOurs = (path: string): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'make the staging directory',
    subject: path,
    message: 'it exists already, and is not of this run',
    hint: 'Look what it is, and remove or rename it.',
  });

const HINT =
  'A restore is made beside its final place, on the same file system: that directory must be writable and not full.';
