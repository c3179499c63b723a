// The clients of a MariaDB server: through its socket, as the account of the configuration, whatever option files and the caller's
// environment say. A password is in an option file alone, which the client reads itself.

import { type Duration, duration } from '../../domain/duration.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { findProgram } from '../../process/find-program.ts';
import { runProcess } from '../../process/run-process.ts';
import type { Argv } from '../util-linux/as-user.ts';

/** Where a server is, and as whom it is asked. */
export interface MariadbAddress {
  readonly socket: string;
  /** Null: as `defaultsFile` says. */
  readonly user: string | null;
  /** Null: no option file is read. */
  readonly defaultsFile: string | null;
}

export type MariadbProgram = 'mariadb' | 'mariadb-dump' | 'mariadbd' | 'mariadb-install-db';

const PACKAGES: Readonly<Record<MariadbProgram, string>> = {
  mariadb: 'mariadb-client',
  'mariadb-dump': 'mariadb-client',
  mariadbd: 'mariadb-server',
  'mariadb-install-db': 'mariadb-server',
};

/** Where a server's own programs are that is on nobody's PATH but root's. */
const SYSTEM = ['/usr/sbin', '/usr/libexec', '/usr/local/sbin'] as const;

/** Its path. Throws `tool-missing`. */
export function mariadbProgram(name: MariadbProgram): string {
  const found = [name, ...SYSTEM.map((directory) => `${directory}/${name}`)].map((each) => findProgram(each));
  const path = found.find((each) => each !== null);
  if (path) return path;
  throw new HoldfastError({
    code: 'tool-missing',
    operation: 'use',
    subject: name,
    message: `${name} is not installed, or not on PATH`,
    hint: `On Debian and Ubuntu: apt install ${PACKAGES[name]}; elsewhere the package of MariaDB that has it.`,
  });
}

/** To be run with `CLIENT_SETTING`. The option about files has to be the first. */
export function clientOf(
  { socket, user, defaultsFile }: MariadbAddress,
  program: MariadbProgram,
  ...args: readonly string[]
): Argv {
  const defaults = defaultsFile === null ? '--no-defaults' : `--defaults-file=${defaultsFile}`;
  const account = user === null ? [] : [`--user=${user}`];
  const where = ['--protocol=socket', `--socket=${socket}`, ...account, '--default-character-set=utf8mb4'];
  return [mariadbProgram(program), defaults, ...where, ...args];
}

/** What the caller's environment would lead a client to or have it read, and by whom a server would be heard. */
const NOT_INHERITED = [
  'MYSQL_PWD',
  'MYSQL_HOST',
  'MYSQL_TCP_PORT',
  'MYSQL_UNIX_PORT',
  'MYSQL_HOME',
  'MYSQL_GROUP_SUFFIX',
  'NOTIFY_SOCKET',
  'LISTEN_FDS',
];

export const clientSetting = (): { cwd: string; env: Record<string, string | undefined> } => ({
  cwd: '/',
  env: { ...Object.fromEntries(NOT_INHERITED.map((name) => [name, undefined])), LC_ALL: 'C' },
});

/** An identifier as SQL reads it, whatever stands in it. */
export const identifier = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
/** With the SQL mode of `ask`. */
export const literal = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

export interface AskOptions {
  readonly signal: AbortSignal;
  /** For errors. */
  readonly subject: string;
  readonly timeout?: Duration;
  readonly database?: string;
}

/** In which quotes and backslashes mean what they always do, whatever the server is set to, and a right makes no user without a password. */
const MODE = "SET SESSION sql_mode = 'NO_AUTO_CREATE_USER';\n";

/**
 * Runs SQL; answers with its lines, columns parted by tabs. Throws `source-missing` where no server answers, `permission-denied` where it
 * refuses the account, else `tool-failed` with what it said.
 */
export async function ask(
  address: MariadbAddress,
  text: string,
  { signal, subject, timeout = duration(30, 's'), database }: AskOptions,
): Promise<string[]> {
  const shape = ['--batch', '--raw', '--skip-column-names', '--binary-mode'];
  const argv = clientOf(address, 'mariadb', ...shape, ...(database === undefined ? [] : [`--database=${database}`]));
  const { exitCode, stdout, stderrTail } = await runProcess(
    { argv, operation: 'ask', subject, stdin: MODE + text, ...clientSetting() },
    { signal, timeout, verbatim: true },
  );
  if (exitCode === 0) return stdout.split('\n').filter(Boolean);
  throw failure('mariadb', { subject, operation: 'ask', address, exitCode, stderrTail });
}

interface Failure {
  readonly operation: string;
  readonly subject: string;
  readonly address: MariadbAddress;
  readonly exitCode: number | null;
  readonly stderrTail: readonly string[];
}

/** What a client ended with, by the number that the server or the client gave it. */
export function failure(
  program: MariadbProgram,
  { operation, subject, address, exitCode, stderrTail }: Failure,
): HoldfastError {
  const lines = stderrTail.filter((line) => ITS_OWN.test(line)).map(withoutHashes);
  const said = lines.find((line) => /error/i.test(line)) ?? lines[0];
  const number = Number(/\b(?:ERROR|error:?) (\d{4})\b/i.exec(said ?? '')?.[1] ?? 0);
  const [code, hint] = meaningOf(number, address);
  return new HoldfastError({
    code,
    operation,
    subject,
    message: said === undefined ? `${program} ended with ${exitCode ?? 'a signal'}` : wordsOf(said),
    hint,
    retry: 'later',
    tool: { name: program, exitCode, stderrTail: lines },
  });
}

/** What the client says. It also repeats the statement that failed, which may hold rows, or what passwords are checked with. */
const ITS_OWN = /^(?:ERROR|WARNING|mariadb)/i;
const withoutHashes = (line: string): string => line.replaceAll(/\*[0-9A-F]{40}/g, '*');

/** `ERROR 1049 (42000) at line 2: Unknown database 'x'` and `mariadb-dump: Got error: 1049: "Unknown database"`: what comes after. */
const wordsOf = (line: string): string =>
  line
    .replace(/^(?:mariadb(?:-dump)?: )?(?:Got error: \d+: |ERROR \d+ \(\w+\)(?: at line \d+)?: )/, '')
    .replace(/^mariadb(?:-dump)?: (?:Error: )?/, '');

const NO_SERVER: ReadonlySet<number> = new Set([2002, 2003, 2006, 2013]);
const NO_ACCESS: ReadonlySet<number> = new Set([1044, 1045, 1130, 1698]);

function meaningOf(number: number, { socket, user, defaultsFile }: MariadbAddress): [ErrorCode, string | undefined] {
  if (NO_SERVER.has(number))
    return [
      'source-missing',
      `Is the server running, and is ${socket} its socket? \`mariadb.socket\` of the service says where.`,
    ];
  if (NO_ACCESS.has(number)) {
    const who = user ?? `the account in ${defaultsFile ?? 'its option file'}`;
    return [
      'permission-denied',
      `The server does not let ${who} in, or not do that. Run this as root, whom it knows by himself (unix_socket), or name \`user\` and \`defaultsFile\`.`,
    ];
  }
  return ['tool-failed', undefined];
}

/** For the record of an effect. */
export const recordOf = ({ socket, user, defaultsFile }: MariadbAddress): JsonObject => ({ socket, user, defaultsFile });

/** Null for what `recordOf` did not write. */
export function recordedAddress({ socket, user, defaultsFile }: JsonObject): MariadbAddress | null {
  if (typeof socket !== 'string') return null;
  return {
    socket,
    user: typeof user === 'string' ? user : null,
    defaultsFile: typeof defaultsFile === 'string' ? defaultsFile : null,
  };
}
