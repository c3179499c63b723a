// A PostgreSQL server whose databases are dumped: each as pg_dump leaves it, and the roles.

import { join } from 'node:path';
import type { PostgresConfig } from '../../config/configuration.ts';
import {
  chooseDatabases,
  type DumpSet,
  dumpFile,
  GLOBALS,
  OF_EVERY_SERVER,
  type ServerDatabase,
} from '../../domain/database-dumps.ts';
import { catalogueOf } from '../../tools/postgresql/catalogue.ts';
import { clientsFor } from '../../tools/postgresql/clients.ts';
import { dumpDatabase, dumpGlobals } from '../../tools/postgresql/dump.ts';
import { liveServer } from '../../tools/postgresql/live-server.ts';
import type { OpenServer } from './open-server.ts';

/** Throws where it does not answer, or its programs are not installed. */
export async function openPostgres(
  postgres: PostgresConfig,
  subject: string,
  signal: AbortSignal,
): Promise<OpenServer<ServerDatabase>> {
  const server = await liveServer(postgres, subject, signal);
  const { version, systemId, major, databases, tablespaces } = await catalogueOf(server, signal);
  const clients = await clientsFor(major, signal);
  return {
    ...chooseDatabases(databases, postgres.excludeDatabases),
    ofEveryServer: OF_EVERY_SERVER,
    places: [postgres.dataDir, ...tablespaces.map(({ location }) => location)],
    identity: { version, systemId },
    fileOf: ({ name }) => dumpFile(name),
    async dumpAccounts(directory, until) {
      await dumpGlobals(server, clients.pg_dumpall, join(directory, GLOBALS), until);
      return [GLOBALS];
    },
    dump: ({ name }, file, until) => dumpDatabase(server, clients.pg_dump, { database: name, file }, until),
    async lookAgain({ oid }, until) {
      const now = await catalogueOf({ ...server, psql: clients.psql }, until);
      return now.databases.find((each) => each.oid === oid) ?? null;
    },
    manifest: (dumped): DumpSet => ({
      version: 1,
      server: { version, systemId },
      role: server.role,
      databases: dumped.map(({ oid: _oid, connectable: _connectable, valid: _valid, ...shape }) => shape),
      tablespaces: tablespaces.map(({ name }) => name),
    }),
  };
}
