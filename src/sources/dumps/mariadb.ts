// A MariaDB server whose databases are dumped: each as mariadb-dump leaves it, its users, and what they may do.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MariadbConfig } from '../../config/configuration.ts';
import { chooseMariadb, DATABASES, mariadbFile, type MariadbDatabase, type MariadbSet } from '../../domain/mariadb-dumps.ts';
import { mariadbCatalogue } from '../../tools/mariadb/catalogue.ts';
import { createDatabase } from '../../tools/mariadb/create-database.ts';
import { dumpAccounts, dumpMariadb, knowsHistory } from '../../tools/mariadb/dump.ts';
import type { OpenServer } from './open-server.ts';

/** Throws where it does not answer, or its programs are not installed. */
export async function openMariadb(
  server: MariadbConfig,
  subject: string,
  signal: AbortSignal,
): Promise<OpenServer<MariadbDatabase>> {
  const { version, settings, databases } = await mariadbCatalogue(server, subject, signal);
  const history = await knowsHistory(signal);
  const chosen = chooseMariadb(databases, server.excludeDatabases, history);
  return {
    ...chosen,
    ofEveryServer: new Set(),
    places: [server.dataDir],
    identity: { version },
    fileOf: ({ name }) => mariadbFile(name),
    async dumpAccounts(directory, until) {
      const made = chosen.databases.map((each) => createDatabase(each, 'CREATE DATABASE IF NOT EXISTS'));
      await writeFile(join(directory, DATABASES), made.join(''), { mode: 0o600, flag: 'wx' });
      return [DATABASES, ...(await dumpAccounts(server, directory, subject, until))];
    },
    dump: ({ name, unsafe }, file, until) =>
      dumpMariadb(server, { database: name, file, locked: unsafe > 0, history }, until),
    async lookAgain({ name }, until) {
      const now = await mariadbCatalogue(server, subject, until);
      return now.databases.find((each) => each.name === name) ?? null;
    },
    manifest: (dumped): MariadbSet => ({
      version: 1,
      kind: 'mariadb',
      server: { version, ...settings },
      databases: dumped.map(({ unsafe: _unsafe, versioned: _versioned, ...shape }) => shape),
    }),
  };
}
