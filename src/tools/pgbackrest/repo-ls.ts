// `pgbackrest repo-ls`: the files of a repository by their names, wherever it is. A directory that is not there answers as an
// empty one: whether the repository itself is there is `info`'s to say.

import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import { duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import { invokePgBackRest, type Invocation, type PgBackRest, type PgBackRestOptions } from './invoke.ts';
import { parseDocument } from './json.ts';

export interface RepositoryFile {
  /** Relative to what was listed. */
  readonly path: string;
  readonly size: Bytes;
  /** When it was written there. */
  readonly time: Instant;
}

const OPERATION = 'list the archive of';
const LIMIT = duration(10, 'm');

export const listInvocation = (repository: number, path: string): Invocation => ({
  args: ['repo-ls', '--output=json', '--recurse', path],
  operation: OPERATION,
  repository,
});

const shape = z.record(
  z.string(),
  z.object({ type: z.string(), size: z.number().nonnegative().optional(), time: z.number().optional() }),
);

export const parseListing = (stdout: string, subject: string): RepositoryFile[] =>
  Object.entries(parseDocument(stdout, shape, OPERATION, subject)).flatMap(([path, { type, size = 0, time = 0 }]) =>
    // bytes; seconds since 1970
    type === 'file' ? [{ path, size: size as Bytes, time: (time * 1000) as Instant }] : [],
  );

export async function listRepository(
  access: PgBackRest,
  repository: number,
  path: string,
  options: PgBackRestOptions,
): Promise<RepositoryFile[]> {
  const stdout = await invokePgBackRest(access, listInvocation(repository, path), { timeout: LIMIT, ...options });
  return parseListing(stdout, access.subject);
}
