// Which repositories of pgBackRest a server has, and where they are.

import type { PostgresConfig } from '../../config/configuration.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { pgBackRestInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';

/** Where it is, as its configuration says, or as one of which only pgBackRest's own knows more: what is on record is about a place. */
export const placeOfRepository = (
  { repositories, configFile }: Pick<PostgresConfig, 'repositories' | 'configFile'>,
  key: number,
): string => repositories.find((each) => each.key === key)?.path ?? `${configFile ?? 'pgbackrest'}:${key}`;

/** Those that are declared, else those that pgBackRest itself names. Throws `repository-missing` where there is none. */
export async function repositoriesOf(
  { repositories }: PostgresConfig,
  access: PgBackRest,
  signal: AbortSignal,
): Promise<number[]> {
  if (repositories.length > 0) return repositories.map(({ key }) => key);
  const { repositories: told } = await pgBackRestInfo(access, { signal });
  if (told.length > 0) return told.map(({ key }) => key);
  throw new HoldfastError({
    code: 'repository-missing',
    operation: 'ask for the backups of',
    subject: access.subject,
    message: `pgbackrest knows no stanza ${access.stanza}`,
    hint: 'If it should: is its filesystem mounted, and is its configuration the right one (postgres.configFile)?',
    retry: 'later',
  });
}

/** `repo2` is 2; throws `usage` for a name that none of them has. */
export function repositoryNumber(name: string, known: readonly number[]): number {
  const found = known.find((key) => name === nameOfRepository(key));
  if (found !== undefined) return found;
  throw new HoldfastError({
    code: 'usage',
    operation: 'find',
    subject: name,
    message: `no repository of pgBackRest is called ${name}`,
    hint: `Known: ${known.map(nameOfRepository).join(', ')}`,
  });
}
