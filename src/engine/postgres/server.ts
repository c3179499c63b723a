// Asking the server of a service.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../../process/find-program.ts';
import { type ServerState, serverState } from '../../tools/postgresql/settings.ts';
import { type PgBackRestService, pgBackRestOf } from './access.ts';

export async function askServer(server: PgBackRestService, signal: AbortSignal): Promise<ServerState> {
  const { service, postgres } = server;
  const { user } = await pgBackRestOf(server, signal);
  const { socket, port } = postgres;
  return await serverState(
    { psql: await psql(), user, userName: postgres.user, socket, port, subject: service.name },
    signal,
  );
}

/** Any will do: what is asked for is as old as the oldest server that is kept. */
async function psql(): Promise<string> {
  if (findProgram('psql') !== null) return 'psql';
  const versions = await readdir('/usr/lib/postgresql').catch(() => []); // Debian keeps them off PATH
  const found = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join('/usr/lib/postgresql', version, 'bin/psql'));
  return found.find((each) => findProgram(each) !== null) ?? 'psql';
}
