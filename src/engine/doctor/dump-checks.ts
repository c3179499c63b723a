// Each database server that is dumped: it answers and lets us in, the programs for it are there, and every database can be dumped.

import { duration } from '../../domain/duration.ts';
import { chooseDatabases } from '../../domain/database-dumps.ts';
import { catalogueOf } from '../../tools/postgresql/catalogue.ts';
import { clientsFor } from '../../tools/postgresql/clients.ts';
import { liveServer } from '../../tools/postgresql/live-server.ts';
import type { MariadbConfig, PostgresConfig } from '../../config/configuration.ts';
import { chooseMariadb } from '../../domain/mariadb-dumps.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { mariadbCatalogue } from '../../tools/mariadb/catalogue.ts';
import { type MariadbProgram, mariadbProgram } from '../../tools/mariadb/client.ts';
import { knowsHistory } from '../../tools/mariadb/dump.ts';
import { type Check, type DoctorInput, type Finding, ok, warning } from './check.ts';

export const dumpChecks = ({ config }: Pick<DoctorInput, 'config'>): Check[] =>
  [...config.services.values()].flatMap(({ name, backup }) => {
    const dumps = backup?.dumps ?? null;
    if (dumps === null) return [];
    return [
      {
        id: `dumps:${name}`,
        title: name,
        limit: duration(1, 'm'),
        run: (signal: AbortSignal) =>
          dumps.kind === 'mariadb' ? examineMariadb(name, dumps.server, signal) : examine(name, dumps.server, signal),
      },
    ];
  });

async function examine(service: string, postgres: PostgresConfig, signal: AbortSignal): Promise<Finding[]> {
  const server = await liveServer(postgres, service, signal);
  const { version, major, databases: all } = await catalogueOf(server, signal);
  await clientsFor(major, signal);
  const { databases, shortcomings, remarks } = chooseDatabases(all, postgres.excludeDatabases);
  return [
    ok(`PostgreSQL ${version} answers, ${countOf(databases)} can be dumped`),
    ...[...shortcomings, ...remarks].map((sentence) => warning(sentence, null)),
  ];
}

async function examineMariadb(service: string, server: MariadbConfig, signal: AbortSignal): Promise<Finding[]> {
  const { version, databases: all } = await mariadbCatalogue(server, service, signal);
  const { databases, shortcomings, remarks } = chooseMariadb(all, server.excludeDatabases, await knowsHistory(signal));
  return [
    ok(`MariaDB ${version} answers, ${countOf(databases)} can be dumped`),
    ...[...shortcomings, ...remarks].map((sentence) => warning(sentence, null)),
    ...missing(['mariadbd', 'mariadb-install-db']).map(({ message, hint }) =>
      warning(`${message}: drills load the dumps into a server of their own`, hint ?? null),
    ),
  ];
}

const missing = (programs: readonly MariadbProgram[]): HoldfastError[] =>
  programs.flatMap((program) => {
    try {
      mariadbProgram(program);
      return [];
    } catch (error) {
      if (error instanceof HoldfastError) return [error];
      throw error;
    }
  });

const countOf = ({ length }: readonly unknown[]): string => (length === 1 ? 'its database' : `${length} databases`);
