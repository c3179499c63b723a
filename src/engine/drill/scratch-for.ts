// Where a server is recovered for a while.

import { dirname } from 'node:path';
import type { Configuration } from '../../config/configuration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { canEnter } from '../../tools/util-linux/can-enter.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';
import { openScratchRoot, scratchRoot } from './scratch.ts';

/**
 * Where the configuration says, if the user of the server can get to it; else beside the data directory, where that user is at home.
 * Throws `refused` where it is neither.
 */
export async function scratchFor(
  config: Configuration,
  { dataDir }: { readonly dataDir: string },
  { user, subject }: { readonly user: Owner; readonly subject: string },
  signal: AbortSignal,
): Promise<string> {
  const surroundings = { services: [...config.services.values()], repositories: [...config.repositories.values()] };
  const root = await openScratchRoot(scratchRoot(config), surroundings);
  if (await canEnter(root, user, signal)) return root;
  const beside = dirname(dataDir);
  if (config.verification.drills.scratch === null && (await canEnter(beside, user, signal))) return beside;
  throw new HoldfastError({
    code: 'refused',
    operation: 'restore into scratch',
    subject,
    message: `the user of the server (${user.uid}) cannot get into ${root}, and it is who restores and recovers there`,
    hint: 'Name a directory that this user can get to: verification.restoreTesting.scratch.',
  });
}
