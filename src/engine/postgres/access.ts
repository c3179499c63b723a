// What a call of pgBackRest for a service needs to know: who it is run by, and where its configuration is.

import type { PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { serverUser } from '../../tools/postgresql/server-user.ts';

/** A service that pgBackRest backs up. */
export interface PgBackRestService {
  readonly service: ServiceConfig;
  readonly postgres: PostgresConfig;
}

export const PROGRAM = 'pgbackrest';

/** Throws as `serverUser`. */
export const pgBackRestOf = async (
  { service: { name }, postgres: { user, stanza, configFile } }: PgBackRestService,
  signal: AbortSignal,
): Promise<PgBackRest> => ({
  program: PROGRAM,
  stanza,
  configFile,
  user: await serverUser(user, name, signal, 'use pgbackrest for'),
  subject: name,
});
