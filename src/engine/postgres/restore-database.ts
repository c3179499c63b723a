// One database as it was at a moment, put into the server that is in service, beside what is there: recovered in scratch, dumped, loaded
// under a name of this run's own, and given its name as the last thing.

import { chown, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import {
  askServer,
  type Argv,
  clientOf,
  connectionTo,
  identifier,
  literal,
  type LiveServer,
} from '../../tools/postgresql/live-server.ts';
import { serverPrograms } from '../../tools/postgresql/programs.ts';
import { requireRoom } from '../drill/scratch.ts';
import { holdStaging } from '../restore/staging.ts';
import { recoverPrivately, type RecoveryOrder, recoveryPlace, restoreCluster } from './recovered-cluster.ts';
import { resultOf } from './restore-to.ts';

export interface RestoreDatabase {
  readonly recovery: RecoveryOrder;
  readonly postgres: PostgresConfig;
  readonly database: string;
  /** What it is called in the server that is in service. */
  readonly as: string;
  /** A directory that the user of the server can get to. */
  readonly scratch: string;
}

const BRIEF = duration(1, 'm');

/** A database that is being loaded. */
export const LOADING_DATABASE: EffectKind = {
  kind: 'loading-database',
  independent: true,
  async undo({ psql, name, socket, port, role, uid, gid }, signal) {
    if (typeof psql !== 'string' || typeof name !== 'string' || typeof role !== 'string') return;
    const server = {
      socket: typeof socket === 'string' ? socket : null,
      port: Number(port),
      role,
      user: { uid: Number(uid), gid: Number(gid) },
    };
    await askServer(server, psql, `DROP DATABASE IF EXISTS ${identifier(name)}`, { signal, timeout: BRIEF });
  },
};

/** Nothing that is there is ever loaded into. Throws `refused` where the name is taken. */
export async function restoreDatabase(order: RestoreDatabase, context: StepContext): Promise<StepResult> {
  const { recovery, database, as, postgres } = order;
  const { access, reach } = recovery;
  const { signal, runId } = context;
  const live = liveServer(order);
  const programs = await serverPrograms(await majorOf(postgres), signal);
  const psql = programs.need('psql');
  await requireFree(live, psql, as, access.subject, signal);
  await requireRoom(order.scratch, { files: 0, bytes: reach.backup.size }, signal);
  const root = join(order.scratch, `.holdfast-restore-${runId}`);
  await using _staging = await holdStaging(context, root, { owner: access.user });
  const place = recoveryPlace(root);
  const restored = await restoreCluster(recovery, place, context);
  await using server = await recoverPrivately(recovery, place, restored, context);
  const found = await server.sql(
    'postgres',
    `SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database WHERE datname = ${literal(database)}`,
    { signal },
  );
  const [encoding, collate, ctype] = found[0]?.split('|') ?? [];
  if (encoding === undefined || collate === undefined || ctype === undefined)
    throw problem(
      access.subject,
      'not-restored',
      `there was no database ${database} then`,
      'See what was there: restore with --to.',
    );
  const file = join(root, 'database.dump');
  await run(
    server.client('pg_dump', '--format=custom', `--file=${file}`, `--dbname=${connectionTo(database)}`),
    'dump',
    database,
    context,
  );
  if (process.getuid?.() === 0) await chown(file, access.user.uid, access.user.gid);
  const loading = `holdfast_${runId.toLowerCase()}`;
  const { socket, port, role, user } = live;
  const create = `CREATE DATABASE ${identifier(loading)} TEMPLATE template0 ENCODING ${literal(encoding)} LC_COLLATE ${literal(collate)} LC_CTYPE ${literal(ctype)}`;
  await using _loading = await context.hold(
    LOADING_DATABASE.kind,
    { psql, name: loading, socket, port, role, ...user },
    async () => void (await askServer(live, psql, create, { signal, timeout: BRIEF })),
  );
  await run(
    clientOf(live, programs.need('pg_restore'), '--exit-on-error', `--dbname=${loading}`, file),
    'load',
    database,
    context,
  );
  // it fails where somebody made one of that name meanwhile
  await askServer(live, psql, `ALTER DATABASE ${identifier(loading)} RENAME TO ${identifier(as)}`, {
    signal,
    timeout: BRIEF,
  });
  return resultOf(recovery, server.log, { database: `${database} is ${as} in the server now` }, context);
}

export const liveServer = ({ postgres, recovery }: Pick<RestoreDatabase, 'postgres' | 'recovery'>): LiveServer => ({
  socket: postgres.socket,
  port: postgres.port,
  role: postgres.user,
  user: recovery.access.user,
});

/** Of the server that is in service: its clients may be newer than what was backed up, never older. */
async function majorOf({ dataDir }: PostgresConfig): Promise<string> {
  return (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
}

async function requireFree(live: LiveServer, psql: string, as: string, subject: string, signal: AbortSignal): Promise<void> {
  const taken = await askServer(live, psql, `SELECT 1 FROM pg_database WHERE datname = ${literal(as)}`, {
    signal,
    timeout: BRIEF,
  });
  if (taken.length === 0) return;
  throw problem(
    subject,
    'refused',
    `the server has a database ${as}, and a restore never loads into one that is there`,
    'Give it another name with --as NAME, compare, and rename both when you are sure.',
  );
}

async function run(argv: Argv, operation: string, subject: string, context: StepContext): Promise<void> {
  context.progress({ message: `${operation} ${subject}` });
  const { exitCode, stderrTail } = await runProcess({ argv, operation, subject, cwd: '/' }, { signal: context.signal });
  if (exitCode === 0) return;
  throw new HoldfastError({
    code: 'tool-failed',
    operation,
    subject,
    message: stderrTail.find((line) => /error|FATAL/i.test(line)) ?? `it ended with exit code ${exitCode}`,
    hint: 'Roles and extensions that it needs must be in the server. Nothing was left there.',
    retry: 'later',
    tool: { name: operation === 'load' ? 'pg_restore' : 'pg_dump', exitCode, stderrTail },
  });
}

const problem = (subject: string, code: 'refused' | 'not-restored', message: string, hint: string): HoldfastError =>
  new HoldfastError({ code, operation: 'restore a database of', subject, message, hint });
