// From a repository's configuration to what a restic child needs to reach it. Secrets stay where they are: restic reads
// the password itself; the lines of an environmentFile go to the child only and are masked in everything that it says.

import { join } from 'node:path';
import type { RepositoryConfig, SecretSource } from '../config/configuration.ts';
import { HoldfastError } from '../lib/errors.ts';
import { urlSecrets } from '../process/mask.ts';
import type { ResticAccess } from '../tools/restic/access.ts';
import { quoteCommand } from '../tools/restic/quote-command.ts';
import { readSmallFile } from '../tools/util-linux/read-file.ts';

export interface AccessOptions {
  /** The restic program. */
  readonly program: string;
  /** Ends the reading of a file whose server does not answer; it ends by itself after a few seconds. */
  readonly signal: AbortSignal;
  /** Used for restic's cache when neither HOME nor XDG_CACHE_HOME is set, as under systemd. */
  readonly cacheDir: string;
}

/** Throws `secret-unreadable` when the environment file or the credential's directory cannot be read. */
export async function resticAccess(repository: RepositoryConfig, options: AccessOptions): Promise<ResticAccess> {
  const extra =
    repository.environmentFile === null
      ? {}
      : await readEnvironmentFile(repository, repository.environmentFile, options.signal);
  return {
    program: options.program,
    subject: repository.name,
    env: {
      ...extra,
      RESTIC_REPOSITORY: repository.url,
      ...passwordEnvironment(repository.name, repository.password),
      ...cacheEnvironment(options.cacheDir),
    },
    secrets: [...Object.values(extra), ...urlSecrets(repository.url)],
    limits: repository.limits,
  };
}

/** The file that holds the password; null when a command prints it. Throws `secret-unreadable` without $CREDENTIALS_DIRECTORY. */
export function passwordFile(repository: string, source: SecretSource): string | null {
  if (source.kind === 'command') return null;
  if (source.kind === 'file') return source.path;
  const directory = process.env['CREDENTIALS_DIRECTORY'];
  if (directory) return join(directory, source.name);
  throw new HoldfastError({
    code: 'secret-unreadable',
    operation: 'read the password of',
    subject: repository,
    message: `the credential ${source.name} is given by systemd only, and $CREDENTIALS_DIRECTORY is not set`,
    hint: `Run the unit (systemctl start ...), or use passwordFile. The unit needs LoadCredential=${source.name}:FILE.`,
  });
}

function passwordEnvironment(repository: string, source: SecretSource): Record<string, string> {
  if (source.kind === 'command') return { RESTIC_PASSWORD_COMMAND: quoteCommand(source.argv) };
  return { RESTIC_PASSWORD_FILE: passwordFile(repository, source) ?? '' };
}

/** Where this user's restic keeps its cache already; below the state directory for a service without a home. */
function cacheEnvironment(cacheDir: string): Record<string, string> {
  const { RESTIC_CACHE_DIR: chosen, XDG_CACHE_HOME: xdg, HOME: home } = process.env;
  if (chosen) return { RESTIC_CACHE_DIR: chosen };
  return xdg || home ? {} : { RESTIC_CACHE_DIR: cacheDir };
}

/** KEY=VALUE lines; empty lines, # comments, `export` and surrounding quotes as in systemd's EnvironmentFile=. */
export function parseEnvironment(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*?)\s*$/.exec(line);
    if (!match || match[1] === undefined || match[2] === undefined) continue;
    variables[match[1]] = match[2].replace(/^(["'])(.*)\1$/, '$2');
  }
  return variables;
}

async function readEnvironmentFile(
  repository: RepositoryConfig,
  file: string,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  try {
    return parseEnvironment(await readSmallFile(file, signal));
  } catch (error) {
    signal.throwIfAborted();
    throw new HoldfastError({
      code: 'secret-unreadable',
      operation: 'read the environment file of',
      subject: repository.name,
      message: `${file}: ${error instanceof Error ? error.message : 'it cannot be read'}`,
      hint: `Create it (mode 0600) or correct repositories.${repository.name}.environmentFile.`,
      cause: error,
    });
  }
}
