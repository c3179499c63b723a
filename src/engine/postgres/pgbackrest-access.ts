// pgBackRest for the server of a service: whose it is, and which repositories there are.

import type { PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { userNumbers } from '../../tools/getent/passwd.ts';
import { pgBackRestInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';

/** Throws `unsupported` for another engine, `tool-missing`, and `config` for a user whom nobody knows here. */
export async function pgBackRestOf(
  service: Pick<ServiceConfig, 'name'>,
  postgres: PostgresConfig,
  signal: AbortSignal,
): Promise<PgBackRest> {
  if (postgres.engine !== 'pgbackrest') {
    throw new HoldfastError({
      code: 'unsupported',
      operation: 'restore',
      subject: service.name,
      message: `this version cannot restore what ${postgres.engine} backed up`,
      hint: `Restore it with ${postgres.engine} itself.`,
    });
  }
  const program = process.env['HOLDFAST_PGBACKREST'] || 'pgbackrest';
  await pgBackRestVersion(program, signal);
  return {
    program: findProgram(program) ?? program,
    stanza: postgres.stanza,
    configFile: postgres.configFile,
    user: await userNumbers(postgres.user, signal),
    subject: service.name,
  };
}

/** Their numbers: those that are declared, else those that pgBackRest itself names. Throws what keeps them from being known. */
export async function repositoriesOf(
  { repositories }: PostgresConfig,
  access: PgBackRest,
  signal: AbortSignal,
): Promise<number[]> {
  if (repositories.length > 0) return repositories.map(({ key }) => key);
  const { repositories: told } = await pgBackRestInfo(access, { signal });
  return told.map(({ key }) => key);
}

/** `repo2` is 2; throws `usage` for a name that none of them has. */
export function repositoryNumber(name: string, known: readonly number[]): number {
  const found = known.find((key) => name === `repo${key}`);
  if (found !== undefined) return found;
  throw new HoldfastError({
    code: 'usage',
    operation: 'find',
    subject: name,
    message: `no repository of pgBackRest is called ${name}`,
    hint: `Known: ${known.map((key) => `repo${key}`).join(', ')}`,
  });
}
