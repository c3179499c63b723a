// What steps need of the world around them, gathered once by the command that builds a plan.

import { join } from 'node:path';
import type { Configuration, RepositoryConfig } from '../config/configuration.ts';
import type { Journal } from '../journal/journal.ts';
import { resticAccess } from '../repositories/access.ts';
import type { ResticAccess } from '../tools/restic/access.ts';

export interface Toolbox {
  readonly host: string;
  readonly stateDir: string;
  /** The restic program: a path, or a name on PATH. */
  readonly restic: string;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly journal: Journal;
  /** restic's cache, where it is not to be the user's. */
  readonly cache?: string;
  /** False: nobody watches, so that work need not be counted before it is done. */
  readonly estimate?: boolean;
}

export const toolboxFor = (config: Pick<Configuration, 'host' | 'stateDir'>, journal: Journal): Toolbox => ({
  host: config.host,
  stateDir: config.stateDir,
  restic: process.env['HOLDFAST_RESTIC'] || 'restic',
  user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  journal,
});

/** See repositories/access.ts. */
export async function accessTo(
  { restic, stateDir, cache }: Toolbox,
  repository: RepositoryConfig,
  signal: AbortSignal,
): Promise<ResticAccess> {
  const access = await resticAccess(repository, { program: restic, cacheDir: join(stateDir, 'cache'), signal });
  return cache === undefined ? access : { ...access, env: { ...access.env, RESTIC_CACHE_DIR: cache } };
}

export const spoolRoot = (toolbox: Toolbox): string => join(toolbox.stateDir, 'spool');
