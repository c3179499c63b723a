// Where a drill restores to: a directory of its own below the scratch of the configuration, with room enough. It lies in no
// live data and in no repository, and is removed when the drill ends or, after a crash, by the next start.

import { mkdir, realpath, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration } from '../../config/configuration.ts';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import type { Amount } from '../../domain/drill.ts';
import type { StepContext } from '../../domain/plan.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { freeSpace } from '../../tools/util-linux/stat.ts';
import { assertOutside, type Surroundings } from '../restore/destination.ts';
import { fileSystemFailure } from '../restore/file-system-failure.ts';
import { holdStaging } from '../restore/staging.ts';

export interface Scratch extends AsyncDisposable {
  /** Empty directories. */
  readonly data: string;
  readonly second: string;
  /** For restic's caches: a machine on which a restore is needed has none, and what is in one may be in the repository no more. */
  readonly caches: readonly [listing: string, restoring: string];
  /** Lets it stay; answers with where it is then. */
  keep(context: Pick<StepContext, 'warn'>): Promise<string | null>;
}

export const SCRATCH_HINT =
  'Name a directory with room, outside of live data and repositories: verification.restoreTesting.scratch.';

/** What must stay free beside what is restored: others write to that file system, too. */
const RESERVE = (64 * 1024 * 1024) as Bytes; // literal bytes
/** What a file takes beyond its bytes, on average and at most. */
const PER_FILE = 4096;

export const scratchRoot = ({ verification, stateDir }: Pick<Configuration, 'verification' | 'stateDir'>): string =>
  verification.drills.scratch ?? join(stateDir, 'drills');

/** The root, made where it does not exist, without links on the way to it. Throws `refused` when it lies where it must not. */
export async function openScratchRoot(root: string, surroundings: Surroundings): Promise<string> {
  await assertOutside(root, surroundings, SCRATCH_HINT);
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileSystemFailure(error, 'make the scratch directory', root, SCRATCH_HINT);
  }
  const real = await realpath(root);
  await assertOutside(real, surroundings, SCRATCH_HINT);
  return real;
}

/** Throws `no-space` unless so much fits, with a reserve; `hint` says what to do then. */
export async function requireRoom(
  root: string,
  { files, bytes }: Amount,
  signal: AbortSignal,
  hint = SCRATCH_HINT,
): Promise<void> {
  const free = await freeSpace(root, signal);
  const needed = (bytes + files * PER_FILE + RESERVE) as Bytes; // bytes, all of them
  if (free >= needed) return;
  throw new HoldfastError({
    code: 'no-space',
    operation: 'restore into',
    subject: root,
    message: `it takes ${describeBytes(needed)} there (a reserve included), ${describeBytes(free)} are free`,
    hint,
    retry: 'later',
  });
}

/** Makes the directory of one job (mode 0700). */
export async function holdScratch(root: string, job: string, context: StepContext): Promise<Scratch> {
  const name = `${context.runId}-${encodeURIComponent(job)}`;
  const path = join(root, name);
  const held = await holdStaging(context, path);
  const [data, second] = [join(path, 'data'), join(path, 'second')];
  const caches = [join(path, 'cache'), join(path, 'cache2')] as const;
  for (const directory of [data, second]) await mkdir(directory, { mode: 0o700 }); // oxlint-disable-line no-await-in-loop -- two
  return {
    data,
    second,
    caches,
    async keep({ warn }) {
      const kept = join(root, `kept-${name}`);
      try {
        await rename(path, kept);
        return kept;
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === undefined) throw error;
        warn(`what was restored could not be kept (${errno})`); // why the drill failed matters more
        return null;
      }
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}
