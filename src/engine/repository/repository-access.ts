// Whether a repository can be opened, and if not, why: it did not answer, there is none, the password does not fit.

import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { type ErrorReport, errorReport, HoldfastError } from '../../lib/errors.ts';
import { openTransientJournal } from '../../journal/open-journal.ts';
import { checkMount, checkPassword } from '../../repositories/preflight.ts';
import { type RepositoryIdentity, resticConfig } from '../../tools/restic/cat-config.ts';
import { requireVersion, resticVersion } from '../../tools/restic/version.ts';
import { accessTo, toolboxFor } from '../toolbox.ts';

export interface AccessAnswer {
  readonly repository: string;
  readonly identity: RepositoryIdentity | null;
  readonly error: ErrorReport | null;
}

/** Opens it once (0.5 s CPU); changes nothing. Never throws but for a bug. */
export async function accessOf(
  repository: RepositoryConfig,
  configuration: Pick<Configuration, 'host' | 'stateDir'>,
  signal: AbortSignal,
): Promise<AccessAnswer> {
  using journal = openTransientJournal(); // nothing is recorded: it only looks
  const toolbox = toolboxFor(configuration, journal);
  try {
    requireVersion(await resticVersion(toolbox.restic, { signal }), toolbox.restic);
    await checkPassword(repository, signal);
    await checkMount(repository);
    const identity = await resticConfig(await accessTo(toolbox, repository, signal), { signal });
    return { repository: repository.name, identity, error: null };
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return { repository: repository.name, identity: null, error: errorReport(error) };
  }
}
