// What a call of pgBackRest for a service needs to know: who it is run by, and where its configuration is.

import type { PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { serverUser } from '../../tools/postgresql/server-user.ts';

/** A service with a server that an engine backs up. */
export interface EngineService {
  readonly service: ServiceConfig;
  readonly postgres: PostgresConfig;
}

export const PROGRAM = 'pgbackrest';

/** Throws as `serverUser`. */
export const pgBackRestOf = async (
  { service: { name }, postgres: { user, stanza, configFile } }: EngineService,
  signal: AbortSignal,
): Promise<PgBackRest> => ({
  program: PROGRAM,
  stanza,
  configFile,
  user: await serverUser(user, name, signal, 'back up the server of'),
  subject: name,
});
