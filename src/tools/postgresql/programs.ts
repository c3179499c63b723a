// Where the programs of a version of PostgreSQL are. A server and what looks into its files belong to one major version, and
// refuse the files of another.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { runProcess } from '../../process/run-process.ts';

export const PROGRAMS = [
  'initdb',
  'pg_amcheck',
  'pg_checksums',
  'pg_controldata',
  'pg_ctl',
  'pg_dump',
  'pg_dumpall',
  'pg_restore',
  'postgres',
  'psql',
] as const;
export type Program = (typeof PROGRAMS)[number];

export interface ServerPrograms {
  /** The major version: `15`, or `9.6`. */
  readonly major: string;
  /** Absolute; null when that one is not installed. */
  find(program: Program): string | null;
  /** Throws `tool-missing` with the package that brings it. */
  need(program: Program): string;
}

/** Where packages put a version that is not on PATH: Debian's, and those of postgresql.org for the others. */
export const homesOf = (major: string): string[] => [
  `/usr/lib/postgresql/${major}/bin`,
  `/usr/pgsql-${major}/bin`,
  `/usr/lib/postgresql${major}/bin`,
  `/opt/postgresql/${major}/bin`,
];

/** `major` as PG_VERSION has it. Throws `tool-missing` where the server of that version is not installed. */
export async function serverPrograms(
  major: string,
  signal: AbortSignal,
  homes: readonly string[] = homesOf(major),
): Promise<ServerPrograms> {
  const home = homes.find((directory) => findProgram(join(directory, 'pg_controldata')) !== null);
  if (home !== undefined) return programsIn(major, home);
  const onPath = await majorOnPath(signal);
  if (onPath === major) return programsOf(major, (program) => findProgram(program));
  throw missing(
    major,
    `the server programs of version ${major} are not installed${onPath === null ? '' : `, those on PATH are of version ${onPath}`}`,
  );
}

const programsIn = (major: string, home: string): ServerPrograms =>
  programsOf(major, (program) => findProgram(join(home, program)));

const DEBIAN = '/usr/lib/postgresql'; // it keeps them off PATH

/** Newest first. */
export async function versionsOfDebian(): Promise<{ readonly major: string; readonly home: string }[]> {
  const versions = (await readdir(DEBIAN).catch(() => [])).filter((name) => /^\d+$/.test(name));
  return versions.toSorted((a, b) => Number(b) - Number(a)).map((major) => ({ major, home: join(DEBIAN, major, 'bin') }));
}

/** A psql of whichever version; its bare name where there is none. */
export async function findClient(): Promise<string> {
  if (findProgram('psql') !== null) return 'psql';
  const found = (await versionsOfDebian()).map(({ major, home }) => programsIn(major, home).find('psql'));
  return found.find((each) => each !== null) ?? 'psql';
}

/** Those of the newest version with which a cluster can be made and served; null when there are none. */
export async function newestServerPrograms(signal: AbortSignal): Promise<ServerPrograms | null> {
  const onPath = await majorOnPath(signal);
  const candidates = [
    ...(onPath === null ? [] : [programsOf(onPath, (program) => findProgram(program))]),
    ...(await versionsOfDebian()).map(({ major, home }) => programsIn(major, home)),
  ];
  const needed = ['initdb', 'postgres', 'psql', 'pg_dump', 'pg_restore'] as const;
  return candidates.find((each) => needed.every((name) => each.find(name) !== null)) ?? null;
}

const programsOf = (major: string, find: ServerPrograms['find']): ServerPrograms => ({
  major,
  find,
  need(program) {
    const found = find(program);
    if (found === null) throw missing(major, `${program} of version ${major} is not installed`);
    return found;
  },
});

/** As the PG_VERSION of a data directory has it. */
export const clusterMajor = async (dataDir: string): Promise<string> =>
  (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();

/** `pg_controldata (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15; null when that is no such line. */
export function parseMajor(stdout: string): string | null {
  const [, first, second] = /\(PostgreSQL\) (\d+)(?:\.(\d+))?/.exec(stdout) ?? [];
  if (first === undefined) return null;
  return Number(first) >= 10 || second === undefined ? first : `${first}.${second}`;
}

async function majorOnPath(signal: AbortSignal): Promise<string | null> {
  const program = findProgram('pg_controldata');
  if (program === null) return null;
  const command = {
    argv: [program, '--version'] as const,
    operation: 'ask for the version of',
    subject: program,
    env: { LC_ALL: 'C' },
  };
  const { stdout } = await runProcess(command, { signal, timeout: duration(10, 's') });
  return parseMajor(stdout);
}

const missing = (major: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-missing',
    operation: 'use',
    subject: `PostgreSQL ${major}`,
    message,
    hint: `On Debian and Ubuntu: apt install postgresql-${major}; elsewhere the PostgreSQL ${major} server package, or its programs on PATH.`,
  });
