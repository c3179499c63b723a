// The server of a service, and asking it.

import type { LiveServer } from '../../tools/postgresql/live-server.ts';
import { findClient } from '../../tools/postgresql/programs.ts';
import { type ServerState, serverState } from '../../tools/postgresql/settings.ts';
import { type PgBackRestService, pgBackRestOf } from './access.ts';

/** Any psql will do: what is asked for is as old as the oldest server that is kept. */
export async function liveServer(server: PgBackRestService, signal: AbortSignal): Promise<LiveServer> {
  const { service, postgres } = server;
  const { user } = await pgBackRestOf(server, signal);
  const { socket, port, user: role } = postgres;
  return { psql: await findClient(), socket, port, role, user, subject: service.name };
}

export const askServer = async (server: PgBackRestService, signal: AbortSignal): Promise<ServerState> =>
  await serverState(await liveServer(server, signal), signal);
