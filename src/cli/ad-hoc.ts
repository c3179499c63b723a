// Working without a configuration: a repository given by --url and --password-file. Holdfast is never needed to restore, and
// its configuration is not either.

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { Option } from '@commander-js/extra-typings';
import type { RepositoryConfig } from '../config/configuration.ts';
import type { CliContext } from './context.ts';
import { HoldfastError } from '../lib/errors.ts';

export interface AdHocOptions {
  readonly url?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly environmentFile?: string | undefined;
}

export const urlOption = (): Option<'--url <url>'> =>
  new Option('--url <url>', 'a restic repository, without any configuration');
export const passwordFileOption = (url = '--url'): Option<'--password-file <file>'> =>
  new Option('--password-file <file>', `the password of ${url}`);
export const environmentFileOption = (url = '--url'): Option<'--environment-file <file>'> =>
  new Option('--environment-file <file>', `KEY=VALUE lines for restic: credentials of ${url}`);

/** `option`: how the command calls what it is told in `url`; `keyless`: it does without the password. */
export interface AdHocForm {
  readonly option?: string;
  readonly keyless?: boolean;
}

/** Null when no repository was given. Throws `usage` for half of what is needed. */
export async function adHocRepository(
  options: AdHocOptions,
  { option = '--url', keyless = false }: AdHocForm = {},
): Promise<RepositoryConfig | null> {
  const { url, passwordFile, environmentFile } = options;
  if (url === undefined) {
    if (passwordFile === undefined && environmentFile === undefined) return null;
    throw usage(
      `--password-file and --environment-file belong to ${option}`,
      `Name the repository with ${option}, or leave them out.`,
    );
  }
  if (passwordFile === undefined && !keyless)
    throw usage(`${option} needs --password-file`, 'Put the password of the repository into a file of mode 0600.');
  const { isRepositoryUrl, REPOSITORY_URL_RULE } = await import('../config/repository-url.ts');
  const { maskUrlPassword } = await import('../process/mask.ts');
  const place = /^\.{0,2}\//.test(url) ? resolve(url) : url;
  if (!isRepositoryUrl(place))
    throw usage(
      `${option} ${maskUrlPassword(url)}: ${REPOSITORY_URL_RULE}`,
      'For instance /mnt/usb/restic, or sftp:user@host:/restic.',
    );
  return {
    name: maskUrlPassword(place),
    url: place,
    password: { kind: 'file', path: passwordFile === undefined ? '' : resolve(passwordFile) },
    environmentFile: environmentFile === undefined ? null : resolve(environmentFile),
    primary: true,
    location: 'onsite',
    medium: 'unknown',
    mounted: null,
    minFree: null,
    concurrency: 1,
    limits: { upload: null, download: null },
    frequency: null,
    pruneEvery: null,
  };
}

/** As whom the snapshots of this machine were made. */
export const thisHost = (): string => hostname();

/** Where state is kept when no configuration says so. */
export async function adHocStateDir(cli: CliContext): Promise<string> {
  const { defaultStateDir } = await import('../config/load.ts');
  if (cli.options.stateDir !== undefined) return resolve(cli.options.stateDir);
  return defaultStateDir({ isRoot: process.getuid?.() === 0, env: process.env, cwd: process.cwd() });
}

export const usage = (message: string, hint: string): HoldfastError =>
  new HoldfastError({ code: 'usage', operation: 'understand', subject: 'the command line', message, hint });
