// The secrets of a repository themselves, for a page that is to hold them. They go to that page only.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { duration } from '../../domain/duration.ts';
import { runProcess } from '../../process/run-process.ts';
import { parseEnvironment, passwordFile } from '../../repositories/access.ts';
import { readSmallFile } from '../../tools/util-linux/read-file.ts';
import type { SecretValues } from './secrets-section.ts';

/** Throws `secret-unreadable` for one that cannot be read: a page that lacks it would be found out too late. */
export async function secretValues(repository: RepositoryConfig, signal: AbortSignal): Promise<SecretValues> {
  const { name, url, environmentFile } = repository;
  try {
    const password = await passwordOf(repository, signal);
    if (password === '') throw unreadable(name, 'the password is empty');
    const environment = environmentFile === null ? null : parseEnvironment(await readSmallFile(environmentFile, signal));
    return { url, password, environment };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || error.code === 'secret-unreadable') throw error;
    throw unreadable(name, `${error.subject}: ${error.message}`, error);
  }
}

/** As restic reads it: without the white space around it. */
async function passwordOf({ name, password }: RepositoryConfig, signal: AbortSignal): Promise<string> {
  if (password.kind !== 'command') return (await readSmallFile(passwordFile(name, password) ?? '', signal)).trim();
  const { exitCode, stdout } = await runProcess(
    { argv: password.argv, operation: 'read the password of', subject: name },
    { signal, timeout: duration(1, 'm'), verbatim: true },
  );
  if (exitCode !== 0)
    throw unreadable(name, `the password command ${password.argv[0]} ended with ${exitCode ?? 'a signal'}`);
  return stdout.trim();
}

const unreadable = (repository: string, message: string, cause?: unknown): HoldfastError =>
  new HoldfastError({
    code: 'secret-unreadable',
    operation: 'read the secrets of',
    subject: repository,
    message,
    hint: 'Run it as a user who may read them (root), or make the page without --include-secrets.',
    cause,
  });
