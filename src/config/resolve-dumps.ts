// What follows from a database server that is dumped: where the dumps stand in a copy, and that the files of the server, of which
// a copy made while it writes is of no use, are in no backup of files.

import { join } from 'node:path';
import type { DumpsConfig, MariadbConfig, PostgresConfig, ServiceConfig } from './configuration.ts';
import type { EffectiveEntries } from './effective.ts';
import { contains } from './repository-url.ts';

/** The same for every copy, so that each finds the one before. */
export const dumpsPlace = (stateDir: string, service: string): string => join(stateDir, DUMPS, service);

/** Null where no server of the service is dumped. Of two the configuration is refused. */
export function resolveDumps(
  place: string,
  postgres: PostgresConfig | null,
  mariadb: MariadbConfig | null,
): DumpsConfig | null {
  if (postgres?.engine === 'dump') return { kind: 'postgresql', place, server: postgres };
  return mariadb === null ? null : { kind: 'mariadb', place, server: mariadb };
}

/** Of a copy with these paths; null where it holds no dumps. It may be of a machine with another state directory. */
export const dumpsIn = (paths: readonly string[], service: string): string | null =>
  paths.find((path) => path.endsWith(join('/', DUMPS, service))) ?? null;

const DUMPS = 'dumps';

/** Adds the data directories to what is left out, of every service that has them below its paths. */
export function leaveOutDumped(services: Map<string, ServiceConfig>, entries: EffectiveEntries): void {
  const servers = [...services.values()].flatMap(({ backup }) => backup?.dumps?.server ?? []);
  for (const [name, service] of services) {
    const { backup } = service;
    if (backup === null) continue;
    const inside = servers.filter(({ dataDir }) => backup.paths.some((path) => contains(path, dataDir)));
    const more = inside.map(({ dataDir }) => literal(dataDir)).filter((pattern) => !backup.exclude.includes(pattern));
    if (more.length === 0) continue;
    const exclude = [...backup.exclude, ...more];
    entries.amend(['services', name, 'backup', 'exclude'], exclude);
    services.set(name, { ...service, backup: { ...backup, exclude } });
  }
}

/** As restic's pattern. */
const literal = (path: string): string => path.replaceAll(/[*?[\]\\]/g, String.raw`\$&`);
