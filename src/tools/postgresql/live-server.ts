// The clients of a server that is in service: as the user who runs it, through its socket.

import type { Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { asUser } from '../util-linux/as-user.ts';
import type { Owner } from '../util-linux/stat.ts';

export interface LiveServer {
  /** The directory of its socket; null: where its clients look by themselves. */
  readonly socket: string | null;
  readonly port: number;
  readonly role: string;
  readonly user: Owner;
}

export type Argv = readonly [string, ...string[]];

/** `program`: a path. */
export function clientOf({ socket, port, role, user }: LiveServer, program: string, ...args: readonly string[]): Argv {
  const [first, ...rest] = [
    ...asUser(user),
    program,
    ...(socket === null ? [] : [`--host=${socket}`]),
    `--port=${port}`,
    `--username=${role}`,
    '--no-password',
    ...args,
  ];
  return [first ?? program, ...rest];
}

/** An identifier as SQL reads it, whatever stands in it. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A name that holds `=` would be read as a connection string. */
export const connectionTo = (database: string): string =>
  `dbname='${database.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;

export interface Asking {
  readonly signal: AbortSignal;
  readonly timeout: Duration;
  /** `postgres` when not said. */
  readonly database?: string;
}

/** Runs SQL; answers with its lines. Throws `tool-failed` with what the server said. */
export async function askServer(
  server: LiveServer,
  psql: string,
  text: string,
  { signal, timeout, database = 'postgres' }: Asking,
): Promise<string[]> {
  const args = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1'];
  const argv = clientOf(server, psql, ...args, `--dbname=${connectionTo(database)}`, '--file=-');
  const { exitCode, stdout, stderrTail } = await runProcess(
    { argv, operation: 'ask', subject: 'the server that is in service', stdin: text, cwd: '/' },
    { signal, timeout, verbatim: true },
  );
  if (exitCode === 0) return stdout.split('\n').filter(Boolean);
  throw new HoldfastError({
    code: 'tool-failed',
    operation: 'ask',
    subject: 'the server that is in service',
    message: stderrTail[0]?.replace(/^psql:<stdin>:\d+: (?:ERROR: +)?/, '') ?? `psql ended with ${exitCode}`,
    hint: 'Does it run, and do socket, port and user of the service say where?',
    retry: 'later',
    tool: { name: 'psql', exitCode, stderrTail },
  });
}
