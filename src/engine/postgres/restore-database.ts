// One database as it was at a moment, put into the server that is in service, beside what is there: recovered in scratch, dumped, loaded
// under a name of this run's own, and given its name as the last thing.

import { join } from 'node:path';
import type { PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { IDLE_LIMIT, runProcess } from '../../process/run-process.ts';
import {
  createStatement,
  DATABASE_QUERY,
  type DatabaseTraits,
  parseTraits,
  traitStatements,
} from '../../tools/postgresql/database-traits.ts';
import {
  askLiveServer,
  clientOf,
  clientSetting,
  connectionTo,
  identifier,
  literal,
  type LiveServer,
  liveServer,
  recordedServer,
  recordOf,
} from '../../tools/postgresql/live-server.ts';
import { clusterMajor, serverPrograms } from '../../tools/postgresql/programs.ts';
import type { Argv } from '../../tools/util-linux/as-user.ts';
import { mostOf } from '../../domain/server-backup.ts';
import { requireRoom } from '../drill/scratch.ts';
import { holdStaging } from '../restore/staging.ts';
import { postmasterOf } from './private-server.ts';
import { recoverPrivately, type RecoveryOrder, recoveryPlace, restoreCluster } from './recovered-cluster.ts';
import { resultOf } from './restore-to.ts';

export interface RestoreDatabase {
  readonly recovery: RecoveryOrder;
  readonly service: ServiceConfig;
  readonly postgres: PostgresConfig;
  readonly database: string;
  /** What it is called in the server that is in service. */
  readonly as: string;
  /** A directory that the user of the server can get to. */
  readonly scratch: string;
}

/** Making and dropping a database waits for a checkpoint: on a busy server that takes minutes. */
const CHECKPOINT = duration(30, 'm');

/** A database that is being loaded. */
export const LOADING_DATABASE: EffectKind = {
  kind: 'loading-database',
  independent: true,
  async undo({ name, ...record }, signal) {
    const server = typeof name === 'string' ? recordedServer(record, name) : null;
    if (typeof name !== 'string' || server === null) return;
    await askLiveServer(server, dropScript(name), { signal, timeout: CHECKPOINT });
  },
};

/** Whoever looks into it (a monitoring, a loader that is still dying) is sent away, where the server knows how. For psql. */
const dropScript = (name: string): string => `SELECT current_setting('server_version_num')::int >= 130000 AS force \\gset
\\if :force
DROP DATABASE IF EXISTS ${identifier(name)} WITH (FORCE);
\\else
DROP DATABASE IF EXISTS ${identifier(name)};
\\endif
`;

/** Nothing that is there is ever loaded into. Throws `refused` where the name is taken. */
export async function restoreDatabase(order: RestoreDatabase, context: StepContext): Promise<StepResult> {
  const { recovery, service, database, as, postgres } = order;
  const { access, reach } = recovery;
  const { signal, runId } = context;
  const programs = await serverPrograms(await clusterMajor(postgres.dataDir), signal); // never older than what was backed up
  const live = { ...(await liveServer(postgres, service.name, signal)), psql: programs.need('psql') };
  await requireFree(live, as, signal);
  await requireRoom(order.scratch, { files: 0, bytes: mostOf(reach.backup) }, signal);
  const root = join(order.scratch, `.holdfast-restore-${runId}`);
  await using _staging = await holdStaging(context, root, { owner: access.user });
  const place = recoveryPlace(root);
  const restored = await restoreCluster(recovery, place, context);
  await using server = await recoverPrivately(recovery, place, restored, context);
  const traits = parseTraits(await server.sql('postgres', DATABASE_QUERY(database), { signal }), database);
  if (traits === null)
    throw problem(
      access.subject,
      'not-restored',
      `there was no database ${database} then`,
      'See what was there: restore with --to.',
    );
  const file = join(root, 'database.dump');
  const dump = server.client('pg_dump', '--format=custom', `--file=${file}`, `--dbname=${connectionTo(database)}`);
  await run(dump, ['dump', database], await postmasterOf(place.data), context);
  const loading = `holdfast_${runId.toLowerCase()}`;
  await using _loading = await holdLoading(live, loading, traits, context);
  const load = clientOf(live, programs.need('pg_restore'), '--exit-on-error', `--dbname=${connectionTo(loading)}`, file);
  await run(load, ['load', database], await postmasterOf(postgres.dataDir), context);
  const last = [
    ...traitStatements(loading, traits),
    // it fails where somebody made one of that name meanwhile
    `ALTER DATABASE ${identifier(loading)} RENAME TO ${identifier(as)}`,
  ];
  await askLiveServer(live, last.map((statement) => `${statement};\n`).join(''), { signal, timeout: CHECKPOINT });
  return resultOf(recovery, server.log, { database: `${database} is ${as} in the server now` }, context);
}

const holdLoading = (
  live: LiveServer,
  name: string,
  traits: DatabaseTraits,
  context: StepContext,
): Promise<AsyncDisposable> =>
  context.hold(LOADING_DATABASE.kind, { name, ...recordOf(live) }, async () => {
    await askLiveServer(live, createStatement(name, traits), { signal: context.signal, timeout: CHECKPOINT });
  });

async function requireFree(live: LiveServer, as: string, signal: AbortSignal): Promise<void> {
  const taken = await askLiveServer(live, `SELECT 1 FROM pg_database WHERE datname = ${literal(as)}`, { signal });
  if (taken.length === 0) return;
  throw problem(
    live.subject,
    'refused',
    `the server has a database ${as}, and a restore never loads into one that is there`,
    'Give it another name with --as NAME, compare, and rename both when you are sure.',
  );
}

/** `server`: the process of the one that works for it. */
async function run(
  argv: Argv,
  [operation, subject]: [string, string],
  server: number | null,
  context: StepContext,
): Promise<void> {
  context.progress({ message: `${operation} ${subject}` });
  const { exitCode, stderrTail } = await runProcess(
    { argv, operation, subject, ...clientSetting() },
    { signal: context.signal, idle: { limit: IDLE_LIMIT, also: server === null ? [] : [server] } },
  );
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
