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
export const accessTo = (toolbox: Toolbox, repository: RepositoryConfig, signal: AbortSignal): Promise<ResticAccess> =>
  resticAccess(repository, { program: toolbox.restic, cacheDir: join(toolbox.stateDir, 'cache'), signal });

export const spoolRoot = (toolbox: Toolbox): string => join(toolbox.stateDir, 'spool');
