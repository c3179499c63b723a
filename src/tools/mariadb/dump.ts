// mariadb-dump of a server that is in service, into files of ours.

import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { duration } from '../../domain/duration.ts';
import { GRANTS, USERS } from '../../domain/mariadb-dumps.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { ACCOUNTS_QUERY, parseAccounts, parseStatements, renderStatements, statementsQuery } from './accounts.ts';
import { ask, clientOf, clientSetting, failure, type MariadbAddress, mariadbProgram } from './client.ts';

/** How long somebody else may keep a table locked. */
const LOCK_WAIT = duration(10, 'm');

export interface DumpShape {
  /** With tables that know no transactions. */
  readonly locked: boolean;
  /** This mariadb-dump keeps the history of versioned tables. */
  readonly history: boolean;
}

/**
 * Without a date, so that what has not changed is the same, and without the name of the database in it, so that it goes into another one.
 * InnoDB is read as it was at one moment while others write; everything else only stands still under a lock.
 */
export const dumpArgs = (database: string, { locked, history }: DumpShape): string[] => [
  ...(locked ? ['--lock-tables', '--skip-single-transaction'] : ['--single-transaction', '--skip-lock-tables']),
  ...(history ? ['--dump-history'] : []),
  '--quick',
  '--routines',
  '--events',
  '--triggers',
  '--hex-blob',
  '--skip-add-drop-table',
  '--skip-dump-date',
  '--max-allowed-packet=1G',
  '--',
  database,
];

/** Its last line, where it came to its end. */
const COMPLETED = '-- Dump completed';

/** Whether the history of versioned tables can be dumped; older programs leave it out. Throws `tool-missing`. */
export async function knowsHistory(signal: AbortSignal): Promise<boolean> {
  const argv = [mariadbProgram('mariadb-dump'), '--no-defaults', '--help'] as const;
  const { stdout } = await runProcess(
    { argv, operation: 'ask', subject: argv[0], ...clientSetting() },
    { signal, timeout: duration(10, 's') },
  );
  return stdout.includes('--dump-history');
}

/** Throws `no-space`, or `tool-failed` with what it said. What is then in the file is no dump. */
export async function dumpMariadb(
  address: MariadbAddress,
  { database, file, ...shape }: DumpShape & { readonly database: string; readonly file: string },
  signal: AbortSignal,
): Promise<void> {
  const subject = `the database ${database}`;
  const dump = clientOf(address, 'mariadb-dump', ...dumpArgs(database, shape));
  const argv = ['sh', '-c', INTO_FILE, 'sh', file, ...dump] as const;
  const { exitCode, stderrTail } = await runProcess(
    { argv, operation: 'dump', subject, ...clientSetting() },
    { signal, idle: { limit: LOCK_WAIT } },
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error instanceof HoldfastError && error.code === 'timed-out' ? locked(subject) : error;
  });
  if (stderrTail.some((line) => /Errcode: 28|errno 28|No space left on device|Disk quota exceeded/.test(line)))
    throw full(subject);
  if (exitCode !== 0) throw failure('mariadb-dump', { operation: 'dump', subject, address, exitCode, stderrTail });
  if (!(await isComplete(file))) throw cut(subject);
}

const INTO_FILE = 'umask 077; file=$1; shift; exec "$@" >"$file"';

/** Whether it goes on to its last line: one that was cut off loads without an error, as far as it goes. */
export async function isComplete(file: string): Promise<boolean> {
  await using handle = await open(file, 'r');
  const { size } = await handle.stat();
  const length = Math.min(size, COMPLETED.length + 2);
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
  return buffer.toString().endsWith(`\n${COMPLETED}\n`);
}

/** Users and roles with the hashes of their passwords, and what they may do, in two files. Throws as `ask`. */
export async function dumpAccounts(
  address: MariadbAddress,
  directory: string,
  subject: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const accounts = parseAccounts(await ask(address, ACCOUNTS_QUERY, { signal, subject }));
  const { users, grants } = parseStatements(await ask(address, statementsQuery(accounts), { signal, subject }));
  await writeFile(join(directory, USERS), renderStatements(users), { mode: 0o600, flag: 'wx' });
  await writeFile(join(directory, GRANTS), renderStatements(grants), { mode: 0o600, flag: 'wx' });
  return [USERS, GRANTS];
}

const TOOL = 'mariadb-dump';

const locked = (subject: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-failed',
    operation: 'dump',
    subject,
    message: 'somebody else has had one of its tables locked for ten minutes',
    hint: 'SHOW PROCESSLIST says who. The other databases are in the copy all the same.',
    retry: 'later',
  });

const cut = (subject: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-failed',
    operation: 'dump',
    subject,
    message: `${TOOL} did not come to its end, and says nothing of it`,
    hint: 'A dump without its last line is none. Try again; the log of the server may say more.',
    retry: 'later',
  });

const full = (subject: string): HoldfastError =>
  new HoldfastError({
    code: 'no-space',
    operation: 'dump',
    subject,
    message: 'the spool is full',
    hint: 'Free space in the state directory (the spool is made there), or move it with stateDir.',
    retry: 'later',
  });
