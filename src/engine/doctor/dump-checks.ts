// Each PostgreSQL server that is dumped: it answers, a pg_dump that is new enough is there, and every database lets a dump in.

import { duration } from '../../domain/duration.ts';
import { chooseDatabases } from '../../domain/database-dumps.ts';
import { catalogueOf } from '../../tools/postgresql/catalogue.ts';
import { clientsFor } from '../../tools/postgresql/clients.ts';
import { liveServer } from '../../tools/postgresql/live-server.ts';
import type { PostgresConfig } from '../../config/configuration.ts';
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
        run: (signal: AbortSignal) => examine(name, dumps.server, signal),
      },
    ];
  });

async function examine(service: string, postgres: PostgresConfig, signal: AbortSignal): Promise<Finding[]> {
  const server = await liveServer(postgres, service, signal);
  const { version, major, databases: all } = await catalogueOf(server, signal);
  await clientsFor(major, signal);
  const { databases, shortcomings, remarks } = chooseDatabases(all, postgres.excludeDatabases);
  const count = databases.length === 1 ? 'its database' : `${databases.length} databases`;
  return [
    ok(`PostgreSQL ${version} answers, ${count} can be dumped`),
    ...[...shortcomings, ...remarks].map((sentence) => warning(sentence, null)),
  ];
}
