// The drill of a set of dumps: an empty server that nobody can reach, in scratch, into which the roles and every database are loaded;
// counted, looked through, and asked what its service wants to know.

import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration, PostgresConfig, ServiceConfig } from '../../../config/configuration.ts';
import { dumpsIn } from '../../../config/resolve-dumps.ts';
import { type DumpSet, OF_EVERY_SERVER } from '../../../domain/database-dumps.ts';
import type { StepContext } from '../../../domain/plan.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { runProcess } from '../../../process/run-process.ts';
import { newestServerPrograms, type ServerPrograms } from '../../../tools/postgresql/programs.ts';
import { serverUser } from '../../../tools/postgresql/server-user.ts';
import { argvAs } from '../../../tools/util-linux/as-user.ts';
import { filesOf } from '../../../tools/util-linux/owned-files.ts';
import type { Owner } from '../../../tools/util-linux/stat.ts';
import { requireRoom } from '../../drill/scratch.ts';
import { aboutTheDumps, notLoaded, type TriedDumps } from '../../dumps/tried-dumps.ts';
import { holdStaging } from '../../restore/staging.ts';
import { dataDirectory } from '../data-directory.ts';
import { lookThrough } from '../look-through.ts';
import { holdPrivateServer, type PrivateServer } from '../private-server.ts';
import { scratchFor } from '../../drill/scratch-for.ts';
import { createDatabase, inOne, loadDump, makeRoles, propertiesOf, type Target } from './load.ts';
import { readSet } from './read-set.ts';

export interface Trial {
  readonly config: Configuration;
  readonly service: ServiceConfig;
  readonly postgres: PostgresConfig;
}

/** `root`: what was restored lies below it, `paths` are those of the snapshot. Throws what says nothing about the dumps. */
export async function tryDumps(
  { config, service, postgres }: Trial,
  root: string,
  paths: readonly string[],
  context: StepContext,
): Promise<TriedDumps> {
  const { signal } = context;
  const subject = service.name;
  const place = dumpsIn(paths, service.name);
  if (place === null) return notLoaded('the snapshot holds no dumps of its PostgreSQL server');
  const directory = join(await realpath(root), place);
  const set = await readSet(directory, subject).catch(aboutTheDumps);
  if (set instanceof HoldfastError) return notLoaded(set.message);
  const programs = await newestServerPrograms(signal);
  if (programs === null) throw noPrograms(subject);
  const user = await serverUser(postgres.user, subject, signal);
  const scratch = await scratchFor(config, postgres, { user, subject }, signal);
  const bytes = set.databases.reduce((sum, { size }) => sum + size, 0);
  await requireRoom(scratch, { files: 0, bytes }, signal);
  const home = join(scratch, `.holdfast-drill-${context.runId}-dumps`);
  await using _staging = await holdStaging(context, home, { owner: user });
  const begin = performance.now();
  const data = await makeCluster(programs, home, user, set, signal);
  await using server = await holdPrivateServer(
    { programs, data, owner: user, role: set.role, durable: false, subject: `${subject} from its dumps` },
    context,
  );
  try {
    await loadAll(set, targetOf(server), directory, context);
  } catch (error) {
    const { message, tool } = aboutTheDumps(error);
    return notLoaded(message, tool?.stderrTail);
  }
  const loadSeconds = (performance.now() - begin) / 1000;
  const counted = await countAll(set, server, signal);
  const found = await dataDirectory(data, signal);
  if (found.state !== 'valid') return notLoaded('the server into which it was loaded is no whole cluster');
  const looked = await lookThrough({ service }, server, { programs, directory: found, data }, context);
  await filesOf(user, signal).remove(data);
  const loaded = { version: programs.major, databases: set.databases.length, ...counted, read: [...looked.read] };
  return { ...looked, loadSeconds, loaded };
}

/** Empty, with the superuser of the one that was dumped. */
async function makeCluster(
  programs: ServerPrograms,
  home: string,
  user: Owner,
  { role }: DumpSet,
  signal: AbortSignal,
): Promise<string> {
  const data = join(home, 'data');
  await filesOf(user, signal).makeDirectory(data);
  const shape = ['--encoding=UTF8', '--locale=C', '--no-sync', '--auth=trust', `--username=${role}`];
  const argv = argvAs(user, programs.need('initdb'), '--pgdata', data, ...shape);
  const { exitCode, stderrTail } = await runProcess(
    { argv, operation: 'make a server in', subject: data, cwd: '/', env: { LC_ALL: 'C' } },
    { signal },
  );
  if (exitCode === 0) return data;
  throw new HoldfastError({
    code: 'unsupported',
    operation: 'make a server in',
    subject: data,
    message: stderrTail.at(-1) ?? `initdb ended with exit code ${exitCode}`,
    tool: { name: 'initdb', exitCode, stderrTail },
  });
}

const targetOf = (server: PrivateServer): Target => ({
  restore: (...args) => server.client('pg_restore', ...args),
  sql: (text, signal) => server.sql('postgres', text, { signal }),
  atOnce: 1, // the dumps are where only we can get to
});

async function loadAll(set: DumpSet, target: Target, directory: string, context: StepContext): Promise<void> {
  const { signal } = context;
  await makeRoles(target, directory, signal);
  const loading = { target, directory, noTablespaces: true };
  for (const database of set.databases) {
    /* oxlint-disable no-await-in-loop -- each with all that the machine has */
    context.progress({ message: `loading ${database.name}` });
    if (!OF_EVERY_SERVER.has(database.name)) await target.sql(createDatabase(database.name, database), signal);
    await loadDump(loading, database, database.name, signal);
    await target.sql(inOne(await propertiesOf(loading, database, signal)), signal);
    /* oxlint-enable no-await-in-loop */
  }
}

const COUNT = `SELECT format('SELECT count(*) FROM %I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') \\gexec`;

/** Every row of every table. */
async function countAll(
  { databases }: DumpSet,
  server: PrivateServer,
  signal: AbortSignal,
): Promise<{ readonly tables: number; readonly rows: number }> {
  let [tables, rows] = [0, 0];
  for (const { name } of databases) {
    const counts = await server.sql(name, COUNT, { signal }); // oxlint-disable-line no-await-in-loop -- one after the other
    tables += counts.length;
    rows += counts.reduce((sum, count) => sum + Number(count), 0);
  }
  return { tables, rows };
}

const noPrograms = (subject: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-missing',
    operation: 'drill',
    subject,
    message: 'no server programs of PostgreSQL are installed here, and dumps are tried by loading them into a server',
    hint: 'On Debian and Ubuntu: apt install postgresql; elsewhere the PostgreSQL server package, or its programs on PATH.',
  });
