// Which repository of a configuration is the one that it was read from: by the repository's own id where it can be opened
// under its configured address, by the address, or by what the snapshot says of itself.

import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { repositoryOfTags } from '../../domain/naming.ts';
import { placeOf } from '../../repositories/place.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';
import { accessOf } from '../repository/repository-access.ts';

export interface Match {
  readonly name: string;
  /** As the configuration has it, without a password. */
  readonly configured: string;
  /** `id`: proven to be the same one. `place`: the same address. `name`: it says so itself, which a copy of it would, too. */
  readonly by: 'id' | 'place' | 'name';
  /** The configured address is another one. */
  readonly differs: boolean;
}

/** Opens each repository that has another address (0.5 s CPU each). Null when it is none of them, as far as can be told. */
export async function whichRepository(
  from: RepositoryConfig,
  id: string,
  snapshot: Snapshot,
  config: Configuration,
  signal: AbortSignal,
): Promise<Match | null> {
  const all = [...config.repositories.values()];
  const place = placeOf(from);
  const match = (repository: RepositoryConfig, by: Match['by']): Match => ({
    name: repository.name,
    configured: placeOf(repository),
    by,
    differs: placeOf(repository) !== place,
  });
  const same = all.find((repository) => placeOf(repository) === place);
  if (same) return match(same, 'place');
  const answers = await Promise.all(all.map((repository) => accessOf(repository, config, signal)));
  const proven = all.find((_, index) => answers[index]?.identity?.id === id);
  if (proven) return match(proven, 'id');
  const named = repositoryOfTags(snapshot.tags);
  const said = all.find(({ name }, index) => name === named && !answers[index]?.identity); // one that answered is another one
  return said ? match(said, 'name') : null;
}
