// A repository that is being made in a local directory, which was empty or not there. restic writes its `config` last: until
// then the directory is neither empty nor a repository, and would stand in the way of the next try. Undone by removing what
// restic makes, unless the `config` is there.

import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { errnoOf } from '../../lib/errors.ts';
import { pathExists } from '../../tools/util-linux/stat.ts';

const LAYOUT = ['data', 'index', 'keys', 'locks', 'snapshots'];

export const NEW_REPOSITORY: EffectKind = {
  kind: 'new-repository',
  async undo({ directory, existed }, signal) {
    if (typeof directory !== 'string' || (await pathExists(join(directory, 'config'), signal))) return;
    for (const name of LAYOUT) {
      // oxlint-disable-next-line no-await-in-loop -- a restic that is still dying may write for a moment longer: hence the repetitions
      await rm(join(directory, name), { recursive: true, force: true, maxRetries: 8, retryDelay: 100 });
    }
    if (existed === true) return;
    try {
      await rmdir(directory);
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) throw error; // never made, or something else came
    }
  },
};

/** Disposing leaves a whole repository, or the directory as it was. */
export const holdNewRepository = (context: StepContext, directory: string, existed: boolean): Promise<AsyncDisposable> =>
  context.hold(NEW_REPOSITORY.kind, { directory, existed }, () => Promise.resolve());
