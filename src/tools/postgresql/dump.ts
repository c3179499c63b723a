// pg_dump and pg_dumpall of a server that is in service, into files of ours. They run as the user who runs the server, who need not be
// able to get to those files: a shell opens them. So they are files to pg_dump, in which it notes where each table begins.

import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { clientOf, connectionTo, type LiveServer } from './live-server.ts';
import type { Argv } from '../util-linux/as-user.ts';

/** How long somebody else may have a table for himself alone. */
const LOCK_WAIT = duration(10, 'm');

/** Not compressed: restic does that, and finds what has not changed since the last one. */
export const dumpArgs = (database: string): string[] => [
  '--format=custom',
  '--compress=0',
  `--lock-wait-timeout=${LOCK_WAIT}`,
  `--dbname=${connectionTo(database)}`,
];

/** Throws `no-space`, or `tool-failed` with what it said. What is then in the file is no dump. */
export const dumpDatabase = async (
  server: LiveServer,
  program: string,
  { database, file }: { readonly database: string; readonly file: string },
  signal: AbortSignal,
): Promise<void> =>
  await writeWith(clientOf(server, program, ...dumpArgs(database)), `the database ${database}`, file, signal);

/** Roles with the hashes of their passwords, their memberships, tablespaces. Throws as `dumpDatabase`. */
export const dumpGlobals = async (server: LiveServer, program: string, file: string, signal: AbortSignal): Promise<void> =>
  await writeWith(clientOf(server, program, '--globals-only'), 'the roles of the server', file, signal);

const INTO_FILE = 'umask 077; file=$1; shift; exec "$@" >"$file"';

async function writeWith(argv: Argv, subject: string, file: string, signal: AbortSignal): Promise<void> {
  const { exitCode, endedBy, stderrTail } = await runProcess(
    { argv: ['sh', '-c', INTO_FILE, 'sh', file, ...argv], operation: 'dump', subject, cwd: '/', env: { LC_ALL: 'C' } },
    { signal },
  );
  if (exitCode === 0) return;
  const full = stderrTail.some((line) => /No space left on device|Disk quota exceeded/.test(line));
  const how = exitCode === null ? `was ended by ${endedBy ?? 'a signal'}` : `ended with exit code ${exitCode}`;
  throw new HoldfastError({
    code: full ? 'no-space' : 'tool-failed',
    operation: 'dump',
    subject,
    message: full
      ? 'the spool is full'
      : (stderrTail.find((line) => /error|FATAL/i.test(line))?.replace(/^pg_dump(?:all)?: (?:error: )?/, '') ??
        `pg_dump ${how}`),
    hint: full
      ? 'Free space in the state directory (the spool is made there), or move it with stateDir.'
      : 'Its last lines say why. The other databases are in the copy all the same.',
    retry: 'later',
    tool: { name: 'pg_dump', exitCode, stderrTail },
  });
}
