// Maintenance runs as the repository's owner: what root writes into somebody else's repository locks its owner out.

import { readFile, stat } from 'node:fs/promises';
import type { RepositoryConfig } from '../config/configuration.ts';
import { localDirectory } from '../config/repository-url.ts';
import { errnoOf } from '../lib/errors.ts';
import { passwordFile } from '../repositories/access.ts';
import type { ResticAccess } from '../tools/restic/access.ts';
import { accessTo, type Toolbox } from './toolbox.ts';

/**
 * Access as the owner of a local repository's `config` when we are root and it is not root's. The owner may not be able to
 * read the password, so it is given on standard input then; the cache, which is ours, is left out.
 */
export async function maintenanceAccess(toolbox: Toolbox, repository: RepositoryConfig): Promise<ResticAccess> {
  const access = await accessTo(toolbox, repository);
  const owner = toolbox.user.uid === 0 ? await ownerOf(repository) : null;
  if (owner === null || owner.uid === 0) return access;
  const file = passwordFile(repository.name, repository.password);
  if (file === null) return { ...access, runAs: owner };
  const { RESTIC_PASSWORD_FILE: _, ...env } = access.env;
  return { ...access, env, runAs: owner, password: (await readFile(file, 'utf8')).split('\n', 1)[0] ?? '' };
}

async function ownerOf(repository: RepositoryConfig): Promise<{ uid: number; gid: number } | null> {
  const directory = localDirectory(repository.url);
  if (directory === null) return null;
  try {
    const { uid, gid } = await stat(`${directory}/config`);
    return { uid, gid };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null; // restic tells what is wrong with it in its own words
  }
}
