// How much room there is where local repositories lie. Asked by children that can be killed: a file server that hangs costs its own
// figure and nothing else.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import type { Bytes } from '../../domain/bytes.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { checkMount } from '../../repositories/preflight.ts';
import { fileSystemSpace } from '../../tools/util-linux/stat.ts';

export interface Space {
  readonly free: Bytes;
  readonly total: Bytes;
}

/** By name; without those of which nothing is known: remote, not mounted, or no answer. */
export async function spacesOf(
  repositories: readonly RepositoryConfig[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Space>> {
  const known = await Promise.all(
    repositories.map(async (repository) => {
      const space = await spaceOf(repository, signal);
      return space === null ? [] : [[repository.name, space] as const];
    }),
  );
  return new Map(known.flat());
}

async function spaceOf(repository: RepositoryConfig, signal: AbortSignal): Promise<Space | null> {
  const directory = localDirectory(repository.url);
  if (directory === null) return null;
  const space = async (): Promise<Space> => {
    await checkMount(repository); // what lies under the mount point is another file system
    return await fileSystemSpace(directory, signal);
  };
  return await orUnknown(space(), signal);
}

/** Null for what does not answer. */
export async function orUnknown<Answer>(asking: Promise<Answer>, signal: AbortSignal): Promise<Answer | null> {
  try {
    return await asking;
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'bug' || signal.aborted) throw error;
    return null;
  }
}
