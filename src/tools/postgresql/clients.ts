// The client programs that fit a server: of its own version, or the next newer one. An older pg_dump refuses a server.

import { join } from 'node:path';
import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { runProcess } from '../../process/run-process.ts';
import { homesOf, parseMajor, versionsOfDebian } from './programs.ts';

export type Client = 'pg_dump' | 'pg_dumpall' | 'pg_restore' | 'psql';
export type Clients = Readonly<Record<Client, string>>;

const CLIENTS: readonly Client[] = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql'];

/** `major`: of the server. Throws `tool-missing` where all that are installed are older. */
export async function clientsFor(major: string, signal: AbortSignal): Promise<Clients> {
  const wanted = Number(major);
  const same = homesOf(major).map((home) => ({ version: wanted, find: (name: string) => findProgram(join(home, name)) }));
  const onPath = await versionOnPath(signal);
  const others = [
    // before those on PATH, which on Debian choose a version themselves
    ...(await versionsOfDebian()).map(({ major: version, home }) => ({
      version: Number(version),
      find: (name: string) => findProgram(join(home, name)),
    })),
    ...(onPath === null ? [] : [{ version: onPath, find: (name: string) => findProgram(name) }]),
  ];
  const fitting = [...same, ...others.filter(({ version }) => version >= wanted).toSorted((a, b) => a.version - b.version)];
  for (const { find } of fitting) {
    const found = CLIENTS.flatMap((name) => find(name) ?? []);
    const [pg_dump, pg_dumpall, pg_restore, psql] = found;
    if (pg_dump && pg_dumpall && pg_restore && psql) return { pg_dump, pg_dumpall, pg_restore, psql };
  }
  const older = others.map(({ version }) => version).filter((version) => version < wanted);
  throw new HoldfastError({
    code: 'tool-missing',
    operation: 'use',
    subject: `pg_dump of PostgreSQL ${major}`,
    message:
      older.length === 0
        ? 'pg_dump, pg_dumpall, pg_restore and psql are not installed'
        : `the server is of version ${major}, and the newest pg_dump is of version ${Math.max(...older)}: an older one cannot dump it`,
    hint: `On Debian and Ubuntu: apt install postgresql-client-${major}; elsewhere the PostgreSQL ${major} clients, or their directory on PATH.`,
  });
}

async function versionOnPath(signal: AbortSignal): Promise<number | null> {
  const program = findProgram('pg_dump');
  if (program === null) return null;
  const { stdout } = await runProcess(
    { argv: [program, '--version'], operation: 'ask for the version of', subject: program, env: { LC_ALL: 'C' } },
    { signal, timeout: duration(10, 's') },
  );
  const major = parseMajor(stdout);
  return major === null ? null : Number(major);
}
