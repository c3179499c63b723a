// What a call of pgBackRest for a service needs to know: who it is run by, and where its configuration is.

import type { PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { userNumbers } from '../../tools/getent/user.ts';

/** A service that pgBackRest backs up. */
export interface PgBackRestService {
  readonly service: ServiceConfig;
  readonly postgres: PostgresConfig;
}

export const PROGRAM = 'pgbackrest';

/** Throws `config` for a user who does not exist, `permission-denied` where we may not become that one. */
export async function pgBackRestOf({ service, postgres }: PgBackRestService, signal: AbortSignal): Promise<PgBackRest> {
  const user = await userNumbers(postgres.user, signal);
  if (user === null) throw problem(service.name, 'config', `there is no user ${postgres.user} on this machine`, USER_HINT);
  const self = process.getuid?.() ?? 0;
  if (self !== 0 && self !== user.uid)
    throw problem(
      service.name,
      'permission-denied',
      `pgbackrest has to be run by ${postgres.user}, who runs the server`,
      `Run this as root or as ${postgres.user}.`,
    );
  return { program: PROGRAM, stanza: postgres.stanza, configFile: postgres.configFile, user, subject: service.name };
}

const USER_HINT = 'Say with `user` who runs the server: ps -o user= -C postgres';

const problem = (subject: string, code: 'config' | 'permission-denied', message: string, hint: string): HoldfastError =>
  new HoldfastError({ code, operation: 'use pgbackrest for', subject, message, hint });
