// A tool's summary is a claim: where the repository is a local directory it is checked at once, elsewhere at its next opening.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { pathExists } from '../../tools/util-linux/stat.ts';

/** Throws `snapshot-missing`. Not cancelled with the run: what is made must not be forgotten, and the look has a time limit. */
export async function assertHeld(repository: RepositoryConfig, snapshotId: string, subject: string): Promise<void> {
  const directory = localDirectory(repository.url);
  if (directory === null) return;
  if (await pathExists(`${directory}/snapshots/${snapshotId}`, new AbortController().signal)) return;
  throw new HoldfastError({
    code: 'snapshot-missing',
    operation: 'back up',
    subject,
    message: `restic reported snapshot ${snapshotId.slice(0, 8)}, but the repository does not hold it`,
    hint: `Something else deletes from ${directory}, or the disk lies. Run: restic check, and look at dmesg.`,
    retry: 'now',
  });
}
