// The word in a repository of pgBackRest that its server is new. No stanza can be made before a server has data, and a directory without
// one may be any: with this word it has shown that it is the one that was meant.

import { join } from 'node:path';
import type { PostgresConfig, PostgresRepositoryConfig } from '../../config/configuration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { filesOf } from '../../tools/util-linux/owned-files.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';

const markIn = ({ path }: PostgresRepositoryConfig, stanza: string): string => join(path, `.holdfast-new-${stanza}`);

/** Asked as the user of the server, whom alone a share may let in. What cannot be seen has not been said. */
export async function isMarkedNew(
  repository: PostgresRepositoryConfig,
  stanza: string,
  user: Owner,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await filesOf(user, signal).read(markIn(repository, stanza));
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return false;
  }
}

const TEXT = (stanza: string): string =>
  `Somebody has said that the server of the stanza ${stanza} is new: nothing of it was here then. See holdfast recover --allow-empty-once.\n`;

/** As the user of the server, whose repository it is. Throws `failed` where that user cannot write. */
export const markNew = (
  repository: PostgresRepositoryConfig,
  stanza: string,
  user: Owner,
  signal: AbortSignal,
): Promise<void> => filesOf(user, signal).write(markIn(repository, stanza), TEXT(stanza));

/** Once it has a stanza the mark would only speak for an archive that was lost. */
export async function unmark({ repositories, stanza }: PostgresConfig, user: Owner, signal: AbortSignal): Promise<void> {
  await Promise.all(repositories.map((each) => filesOf(user, signal).remove(markIn(each, stanza))));
}
