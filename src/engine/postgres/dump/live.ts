// The server that is in service, as a target of dumps.

import type { PostgresConfig } from '../../../config/configuration.ts';
import { duration } from '../../../domain/duration.ts';
import { type Catalogue, catalogueOf } from '../../../tools/postgresql/catalogue.ts';
import { type Clients, clientsFor } from '../../../tools/postgresql/clients.ts';
import { askLiveServer, clientOf, type LiveServer, liveServer } from '../../../tools/postgresql/live-server.ts';
import type { Target } from './load.ts';

export interface Live {
  readonly server: LiveServer;
  readonly clients: Clients;
  readonly catalogue: Catalogue;
  readonly target: Target;
}

/** Long enough for a transaction that waits for nobody, short enough to be noticed. */
export const BRIEF = duration(2, 'm');

/** Throws where it does not answer, or its programs are not installed. */
export async function liveOf(postgres: PostgresConfig, service: string, signal: AbortSignal): Promise<Live> {
  const server = await liveServer(postgres, service, signal);
  const catalogue = await catalogueOf(server, signal);
  const clients = await clientsFor(catalogue.major, signal);
  return {
    server,
    clients,
    catalogue,
    target: {
      restore: (...args) => clientOf(server, clients.pg_restore, ...args),
      sql: (text, until) => askLiveServer({ ...server, psql: clients.psql }, text, { signal: until, timeout: BRIEF }),
      atOnce: postgres.processes ?? 1,
    },
  };
}
