// A private PostgreSQL server for the demo: on a Unix socket inside its folder and nowhere else. It will not run as root, so
// under root it belongs to an ordinary user of this machine.

import { chown, mkdir, readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import type { Command } from '../../process/run-process.ts';
import { type Background, startBackground } from './background.ts';
import { runTool } from './run-tool.ts';

const PROGRAMS = ['initdb', 'postgres', 'psql', 'pg_dump', 'pg_restore'] as const;
type Program = (typeof PROGRAMS)[number];

/** Where the kernel ends the name of a Unix socket. */
const LONGEST_SOCKET = 107;
const SUPERUSER = 'shop';

export interface Cluster extends AsyncDisposable {
  /** For instance `15.18`. */
  readonly version: string;
  /** The argv of a client program that reaches this server. */
  client(program: Exclude<Program, 'initdb' | 'postgres'>, ...args: readonly string[]): [string, ...string[]];
  /** Runs SQL in a database; answers with its lines. */
  sql(database: string, text: string, signal: AbortSignal): Promise<string[]>;
  stop(): Promise<void>;
}

/** The directory that holds all programs, the newest where there are several; null when the server is not installed. */
export async function findPostgres(): Promise<string | null> {
  const onPath = findProgram('initdb');
  const versions = await readdir('/usr/lib/postgresql').catch(() => []); // Debian keeps them off PATH
  const candidates = [
    ...(onPath === null ? [] : [dirname(await realpath(onPath))]),
    ...versions.toSorted((a, b) => Number(b) - Number(a)).map((version) => `/usr/lib/postgresql/${version}/bin`),
  ];
  return candidates.find((directory) => PROGRAMS.every((name) => findProgram(join(directory, name)))) ?? null;
}

/** Makes a new cluster in `directory`, which must not exist, and starts it. */
export async function startCluster(programs: string, directory: string, signal: AbortSignal): Promise<Cluster> {
  const data = join(directory, 'data');
  const socket = join(directory, 'socket');
  if (`${socket}/.s.PGSQL.5432`.length > LONGEST_SOCKET) throw failure(directory, 'the path is too long for a Unix socket');
  const owner = await ordinaryUser();
  for (const each of [directory, socket]) {
    await mkdir(each, { mode: 0o700 }); // oxlint-disable-line no-await-in-loop -- one in the other
    if (owner) await chown(each, owner.uid, owner.gid); // oxlint-disable-line no-await-in-loop
  }
  const serve = (program: Program, ...args: readonly string[]): Command => {
    const argv: [string, ...string[]] = [join(programs, program), ...args];
    return {
      argv: owner ? [...asUser(owner), ...argv] : argv,
      operation: 'start',
      subject: 'a private PostgreSQL server',
      cwd: directory,
    };
  };
  // Nothing here outlives the demo, so nothing waits for the disk.
  const shape = ['--encoding=UTF8', '--locale=C', '--no-sync', '--auth=trust'];
  await runTool(serve('initdb', '--pgdata', data, '--username', SUPERUSER, ...shape), signal);
  const settings = {
    listen_addresses: '',
    unix_socket_directories: socket,
    dynamic_shared_memory_type: 'mmap', // below `data`, not in /dev/shm
    shared_buffers: '16MB',
    max_connections: '10',
    fsync: 'off',
    logging_collector: 'off',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const ready = Promise.withResolvers<void>();
  const server = await startBackground(serve('postgres', '-D', data, ...options), {
    signal,
    grace: duration(5, 's'),
    ready: ready.promise,
    onErrorLine: (line) => {
      if (line.includes('ready to accept connections')) ready.resolve();
    },
  });
  return await connect(programs, socket, server, signal);
}

async function connect(programs: string, socket: string, server: Background, signal: AbortSignal): Promise<Cluster> {
  await using held = new AsyncDisposableStack();
  held.use(server);
  const client: Cluster['client'] = (program, ...args) => [
    join(programs, program),
    `--host=${socket}`,
    `--username=${SUPERUSER}`,
    '--no-password',
    ...args,
  ];
  const sql: Cluster['sql'] = async (database, text, until) => {
    const args = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only', '--set=ON_ERROR_STOP=1'];
    const argv = client('psql', ...args, `--dbname=${database}`);
    const command = { argv, operation: 'use', subject: `the database ${database}`, stdin: text };
    return (await runTool(command, until)).split('\n').filter(Boolean);
  };
  const [version = ''] = await sql('postgres', 'SHOW server_version', signal);
  const running = held.move();
  return {
    version: version.split(' ')[0] ?? version,
    client,
    sql,
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Null when we are one ourselves. */
async function ordinaryUser(): Promise<User | null> {
  if (process.getuid?.() !== 0) return null;
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const account = accounts.find(([name]) => name === wanted);
    if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw failure('a private PostgreSQL server', 'it may not run as root, and there is no user postgres or nobody');
}

/** The kernel forgets the parent-death signal when the user changes, so it is asked for again. */
const asUser = ({ uid, gid }: User): [string, ...string[]] => [
  'setpriv',
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--pdeathsig=TERM',
  '--',
];

const failure = (subject: string, message: string): HoldfastError =>
  new HoldfastError({ code: 'unsupported', operation: 'start', subject, message });
