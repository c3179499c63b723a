// The directory in which a restore is made and proven before it takes its place. Undone by removal; what was promoted is no
// longer in it.

import { mkdir, rm } from 'node:fs/promises';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { fileSystemFailure } from './file-system-failure.ts';
import { exists } from './moves.ts';

export const STAGING: EffectKind = {
  kind: 'staging',
  independent: true,
  async undo(payload) {
    const { path } = payload;
    // A restic that is still dying may write into it for a moment longer: hence the repetitions.
    if (typeof path === 'string') await rm(path, { recursive: true, force: true, maxRetries: 8, retryDelay: 100 });
  },
};

/** Makes the directory (mode 0700, it must not exist); disposing removes it with what is left in it. */
export async function holdStaging(context: StepContext, path: string): Promise<AsyncDisposable> {
  if (await exists(path)) throw notOurs(path); // before it is recorded: undoing would remove what is not ours
  return await context.hold(STAGING.kind, { path }, async () => {
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (error) {
      throw fileSystemFailure(error, 'make the staging directory', path, HINT);
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
