// `pgbackrest repo-get`: one small file of a repository, decrypted.

import { duration } from '../../domain/duration.ts';
import { invokePgBackRest, type Invocation, type PgBackRest, type PgBackRestOptions } from './invoke.ts';

export const getInvocation = (repository: number, path: string): Invocation => ({
  args: ['repo-get', path],
  operation: 'read the archive of',
  repository,
});

/** The text of a file that is there. */
export const repositoryFile = (
  access: PgBackRest,
  repository: number,
  path: string,
  options: PgBackRestOptions,
): Promise<string> => invokePgBackRest(access, getInvocation(repository, path), { timeout: duration(1, 'm'), ...options });
