// The clients of a server that is in service: as the user who runs it, through its socket, whatever the caller's environment says.

import { type Duration, duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { runProcess } from '../../process/run-process.ts';
import { type Argv, argvAs } from '../util-linux/as-user.ts';
import type { Owner } from '../util-linux/stat.ts';
import { withoutLibpq } from './environment.ts';
import { findClient } from './programs.ts';
import { serverUser } from './server-user.ts';

export interface LiveServer {
  /** A path, or a name on PATH. */
  readonly psql: string;
  /** The directory of its socket; null: where its clients look by themselves. */
  readonly socket: string | null;
  readonly port: number;
  /** A superuser of the database. */
  readonly role: string;
  /** Who runs it. */
  readonly user: Owner;
  /** For errors. */
  readonly subject: string;
}

/** As a configuration says it. */
export interface ServerAddress {
  readonly socket: string | null;
  readonly port: number;
  /** Who runs it, and the superuser of that name. */
  readonly user: string;
}

/** Any psql will do: what is asked for is as old as the oldest server that is kept. `subject`: for errors. Throws as `serverUser`. */
export const liveServer = async (
  { socket, port, user: role }: ServerAddress,
  subject: string,
  signal: AbortSignal,
): Promise<LiveServer> => ({
  psql: await findClient(),
  subject,
  socket,
  port,
  role,
  user: await serverUser(role, subject, signal),
});

/** For the record of an effect. */
export const recordOf = ({ psql, socket, port, role, user }: LiveServer): JsonObject => ({
  psql,
  socket,
  port,
  role,
  ...user,
});

/** Null for what `recordOf` did not write. */
export function recordedServer({ psql, socket, port, role, uid, gid }: JsonObject, subject: string): LiveServer | null {
  if (typeof psql !== 'string' || typeof port !== 'number' || typeof role !== 'string') return null;
  if (typeof uid !== 'number' || typeof gid !== 'number') return null;
  return { psql, socket: typeof socket === 'string' ? socket : null, port, role, user: { uid, gid }, subject };
}

/** `program`: a path. To be run with `clientSetting`. */
export function clientOf({ socket, port, role, user }: LiveServer, program: string, ...args: readonly string[]): Argv {
  const host = socket === null ? [] : [`--host=${socket}`];
  return argvAs(user, program, ...host, `--port=${port}`, `--username=${role}`, '--no-password', ...args);
}

/** Where and as what clients are run: in a directory that every user may be in. */
export const clientSetting = (): { cwd: string; env: Record<string, string | undefined> } => ({
  cwd: '/',
  env: { ...withoutLibpq(), LC_ALL: 'C', PGTZ: 'UTC' },
});

/** An identifier as SQL reads it, whatever stands in it. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
/** A database as a client is told of it: a name alone that holds `=` would be read as a connection string. */
export const connectionTo = (database: string): string =>
  `dbname='${database.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;

export const PSQL = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1', '--file=-'] as const;

export interface AskOptions {
  readonly signal: AbortSignal;
  readonly timeout?: Duration | undefined;
  readonly database?: string;
}

/** Runs SQL; answers with its lines. Throws `source-missing` where no server answers, `tool-failed` with what it said. */
export async function askLiveServer(
  server: LiveServer,
  text: string,
  { signal, timeout = duration(30, 's'), database = 'postgres' }: AskOptions,
): Promise<string[]> {
  const { psql, subject } = server;
  const argv = clientOf(server, psql, ...PSQL, `--dbname=${connectionTo(database)}`);
  const { exitCode, stdout, stderrTail } = await runProcess(
    { argv, operation: 'ask', subject, stdin: text, ...clientSetting() },
    { signal, timeout, verbatim: true },
  );
  if (exitCode === 0) return stdout.split('\n').filter(Boolean);
  const silent = exitCode === NO_CONNECTION;
  throw new HoldfastError({
    code: silent ? 'source-missing' : 'tool-failed',
    operation: 'ask',
    subject,
    message: saidBy(stderrTail) ?? `psql ended with ${exitCode}`,
    hint: silent ? 'Is the server running, and do socket, port and user of the service say where?' : undefined,
    retry: 'later',
    tool: { name: 'psql', exitCode, stderrTail },
  });
}

const NO_CONNECTION = 2;

/** The server's own words, of what psql says. */
export const saidBy = ([first]: readonly string[]): string | undefined =>
  first?.replace(/^psql:(?:<stdin>:\d+:)? (?:error: |ERROR: +)?/, '');
