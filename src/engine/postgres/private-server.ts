// A PostgreSQL server for ourselves, on data of our own: a restored cluster, the demo's. It cannot be reached but through a socket in
// a directory of its own, reaches nobody itself, and can archive nothing: a restored server that archives writes into the
// production's archive, on a timeline that the next restore would follow.

import { randomBytes } from 'node:crypto';
import { lchown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duration, duration } from '../../domain/duration.ts';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { type Background, startBackground } from '../../process/background.ts';
import { processOf } from '../../process/identity.ts';
import { isNamedBy, untilNamedByNobody } from '../../process/named-by.ts';
import { withoutLibpq } from '../../tools/postgresql/environment.ts';
import { askLiveServer, clientOf, type LiveServer } from '../../tools/postgresql/live-server.ts';
import { IDLE_LIMIT } from '../../process/run-process.ts';
import type { Program, ServerPrograms } from '../../tools/postgresql/programs.ts';
import { type Argv, asUser } from '../../tools/util-linux/as-user.ts';
import { filesOf } from '../../tools/util-linux/owned-files.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';

export interface PrivateServerSpec {
  readonly programs: ServerPrograms;
  /** The data directory, the owner's with mode 0700. */
  readonly data: string;
  /** A directory that does not exist, for its socket and its configuration. The owner can get to where it is. */
  readonly place: string;
  /** Whom the server runs as; never root. */
  readonly owner: Owner;
  /** A superuser of the database. */
  readonly role: string;
  /** Over what is in the data directory, and over what keeps it apart from everybody. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What is written survives a power cut: for data that stays. */
  readonly durable: boolean;
  /** How long it may do nothing before it lets clients in. */
  readonly patience?: Duration;
  /** For errors. */
  readonly subject: string;
  readonly onLog?: (line: string) => void;
}

export interface PrivateServer extends AsyncDisposable {
  /** The argv of a client program that reaches this server, as its owner; see `clientSetting`. */
  client(program: Program, ...args: readonly string[]): Argv;
  /** Runs SQL in a database; answers with its lines. Throws as `askLiveServer`. */
  sql(database: string, text: string, options: { signal: AbortSignal; timeout?: Duration }): Promise<string[]>;
  /** Ends it in order, so that its data is consistent on disk. Calling it again changes nothing. */
  stop(): Promise<void>;
}

/** Where the kernel ends the name of a Unix socket. */
const LONGEST_SOCKET = 107;
const PORT = '5432';

/** Written over whatever the restored data says, also by ALTER SYSTEM: the command line of a server has the last word. */
const APART = {
  listen_addresses: '',
  port: PORT,
  archive_mode: 'off',
  archive_command: '/bin/false',
  // what it would reach others with: a primary that it would follow, publishers whose changes it would take away
  primary_conninfo: '',
  primary_slot_name: '',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  // what would start by itself in it: the jobs of pg_cron, for instance
  shared_preload_libraries: '',
  session_preload_libraries: '',
  local_preload_libraries: '',
  autovacuum: 'off',
  // what production keeps elsewhere
  ssl: 'off',
  external_pid_file: '',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_line_prefix: '',
  log_min_messages: 'warning',
  log_statement: 'none',
  lc_messages: 'C',
  timezone: 'UTC',
  // then nothing has to be as large as in production for its log to be replayed, and nobody is let in before that is done
  hot_standby: 'off',
  huge_pages: 'off',
  dynamic_shared_memory_type: 'mmap', // inside of the data, not in /dev/shm
};

const READY = 'database system is ready to accept connections';

/**
 * Starts the server and waits until it lets clients in: where it recovers, after that. Throws `tool-failed` with its last words when
 * it does not come so far. However Holdfast ends, it ends with it.
 */
export async function startPrivateServer(spec: PrivateServerSpec, signal: AbortSignal): Promise<PrivateServer> {
  const { programs, data, place, owner, subject } = spec;
  const socket = join(place, 'socket');
  if (`${socket}/.s.PGSQL.${PORT}`.length > LONGEST_SOCKET)
    throw refusal(spec, `${socket} is too long for the name of a Unix socket`, 'Name a shorter directory for scratch.');
  if (owner.uid === 0) throw refusal(spec, 'a PostgreSQL server does not run as root', 'Name the user who runs the server.');
  await makePlace(spec, socket);
  const settings = {
    ...APART,
    config_file: join(place, 'postgresql.conf'),
    hba_file: join(place, 'pg_hba.conf'),
    ident_file: join(place, 'pg_ident.conf'),
    unix_socket_directories: socket,
    fsync: spec.durable ? 'on' : 'off',
    ...spec.settings,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = [programs.need('postgres'), '-D', data, ...options] as const;
  const [first = server[0], ...rest] = asUser(owner);
  const ready = Promise.withResolvers<void>();
  const background = await startBackground(
    {
      argv: rest.length === 0 ? server : [first, ...rest, ...server],
      operation: 'start',
      subject,
      cwd: place,
      env: { ...withoutLibpq(), LC_ALL: 'C' },
    },
    {
      signal,
      ready: ready.promise,
      idle: { limit: spec.patience ?? IDLE_LIMIT, until: ready.promise },
      onErrorLine: (line) => {
        spec.onLog?.(line);
        if (line.includes(READY)) ready.resolve();
      },
    },
  );
  return serverOf(spec, socket, background);
}

/** The directory is given away last: as long as it is ours nobody can put anything else under the names of what is in it. */
async function makePlace({ place, owner }: PrivateServerSpec, socket: string): Promise<void> {
  const become = async (path: string): Promise<void> =>
    process.getuid?.() === 0 ? await lchown(path, owner.uid, owner.gid) : undefined;
  for (const directory of [place, socket]) await mkdir(directory, { mode: 0o700 }); // oxlint-disable-line no-await-in-loop -- one in the other
  // The socket is in a directory that only its owner (and root) can get into.
  const files = { 'postgresql.conf': '', 'pg_hba.conf': 'local all all trust\n', 'pg_ident.conf': '' };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(place, name), content, { mode: 0o600, flag: 'wx' }); // oxlint-disable-line no-await-in-loop -- three
    await become(join(place, name)); // oxlint-disable-line no-await-in-loop
  }
  await become(socket);
  await become(place);
}

function serverOf(spec: PrivateServerSpec, socket: string, background: Background): PrivateServer {
  const { programs, role, data, owner } = spec;
  const address = (database: string): LiveServer => ({
    psql: programs.need('psql'),
    socket,
    port: Number(PORT),
    role,
    user: owner,
    subject: `the database ${database}`,
  });
  return {
    client: (program, ...args) => clientOf(address(''), programs.need(program), ...args),
    sql: (database, text, options) => askLiveServer(address(database), text, { ...options, database }),
    async stop() {
      await endServer(data, 'SIGINT', STOPPING); // a fast shutdown: with a last checkpoint, whoever is connected
      await background.stop().catch((error: unknown) => {
        if (!(error instanceof HoldfastError) || error.tool?.exitCode !== 0) throw error; // it ended, as it was told to
      });
    },
    [Symbol.asyncDispose]: () => background[Symbol.asyncDispose](),
  };
}

const STOPPING = duration(5, 'm');

/** Of a server whose Holdfast died. Its data is nobody's: it is told to end at once. */
export const PRIVATE_SERVER: EffectKind = {
  kind: 'private-server',
  async undo({ data, place, uid, gid }, signal) {
    if (typeof data === 'string') await endServer(data, 'SIGQUIT', duration(30, 's'));
    if (typeof place !== 'string') return;
    if (typeof uid === 'number' && typeof gid === 'number') await filesOf({ uid, gid }, signal).remove(place);
    else await rm(place, { recursive: true, force: true }); // recorded by an earlier version
  },
};

/**
 * As `startPrivateServer`, with a place of its own (the name of a socket must be short); recorded, so that after a crash the next
 * start ends it. Ended when it is disposed of.
 */
export async function holdPrivateServer(
  wanted: Omit<PrivateServerSpec, 'place'>,
  context: StepContext,
): Promise<PrivateServer> {
  const spec = { ...wanted, place: join(tmpdir(), `holdfast-${randomBytes(8).toString('hex')}`) };
  const { data, place, owner } = spec;
  let started: PrivateServer | undefined;
  const held = await context.hold(PRIVATE_SERVER.kind, { data, place, ...owner }, async () => {
    started = await startPrivateServer(spec, context.signal);
  });
  const server = started;
  if (!server)
    throw new HoldfastError({ code: 'bug', operation: 'start', subject: spec.subject, message: 'it is not there' });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await held[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Whoever serves this very directory, and is told so by its command line: a pid in a file may have become somebody else's. */
async function endServer(data: string, signal: 'SIGINT' | 'SIGQUIT', patience: Duration): Promise<void> {
  const pid = await postmasterOf(data);
  if (pid === null || processOf(pid) === null || !isNamedBy(pid, data)) return;
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
  await untilNamedByNobody(data, patience);
  if (!isNamedBy(pid, data)) return;
  throw new HoldfastError({
    code: 'timed-out',
    operation: 'stop',
    subject: data,
    message: `the server with process id ${pid} did not end`,
    hint: `See what it does; \`kill -QUIT ${pid}\` ends it at once.`,
    retry: 'later',
  });
}

/** The first line of postmaster.pid; null where none is running, or was. */
export async function postmasterOf(data: string): Promise<number | null> {
  try {
    const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : null;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null;
    throw error;
  }
}

const refusal = ({ subject }: PrivateServerSpec, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code: 'refused', operation: 'start', subject, message, hint });
