// What a call of barman-cloud for a service needs to know.

import type { BarmanConfig } from '../../../config/configuration.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import type { BarmanCloud } from '../../../tools/barman-cloud/invoke.ts';
import { serverUser } from '../../../tools/postgresql/server-user.ts';
import type { EngineService } from '../access.ts';

/** A service that barman-cloud backs up has a place: the configuration is refused without. */
export function barmanConfig({ service, postgres }: EngineService): BarmanConfig {
  if (postgres.barman) return postgres.barman;
  const message = 'where barman-cloud keeps its backups is not known';
  throw new HoldfastError({ code: 'bug', operation: 'back up', subject: service.name, message });
}

/** Throws `config` for a user who does not exist, `permission-denied` where we may not become that one. */
export const barmanOf = async (server: EngineService, signal: AbortSignal): Promise<BarmanCloud> => ({
  place: barmanConfig(server),
  user: await serverUser(server.postgres.user, server.service.name, signal, 'back up the server of'),
  subject: server.service.name,
});
