// Whether copies that are declared to be on different media, or in different places, really are: those of local repositories,
// of which the machine itself knows. One that does not answer is told by its own check.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { deviceOf } from '../../tools/util-linux/stat.ts';
import { type Check, type DoctorInput, type Finding, ok, warning } from './check.ts';

/** Nothing to look at with fewer than two local repositories. */
export function mediaChecks({ config }: DoctorInput): Check[] {
  const local = [...config.repositories.values()].filter(({ url }) => localDirectory(url) !== null);
  if (local.length < 2) return [];
  return [{ id: 'media', title: 'media', run: (signal) => checkMedia(local, signal) }];
}

async function checkMedia(repositories: readonly RepositoryConfig[], signal: AbortSignal): Promise<Finding[]> {
  const placed = await Promise.all(
    repositories.map(async (repository) => ({ repository, device: await deviceOrNone(repository, signal) })),
  );
  const together = [...Map.groupBy(placed, ({ device }) => device)]
    .filter(([device]) => device !== null)
    .map(([, group]) => group.map(({ repository }) => repository))
    .filter((group) => new Set(group.map(({ medium, location }) => `${medium} ${location}`)).size > 1);
  if (together.length === 0) return [ok('no two that are declared apart lie on one device')];
  return together.map((group) =>
    warning(
      `${group.map(({ name }) => name).join(' and ')} are declared as different media or places, and lie on one device`,
      'When it dies, all of these copies are gone. Is something not mounted? Otherwise give them the same medium and location.',
    ),
  );
}

async function deviceOrNone({ url }: RepositoryConfig, signal: AbortSignal): Promise<string | null> {
  try {
    return await deviceOf(localDirectory(url) ?? '', signal);
  } catch (error) {
    if (!(error instanceof HoldfastError) || signal.aborted) throw error;
    return null;
  }
}
