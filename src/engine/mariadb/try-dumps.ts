// The drill of the dumps of a MariaDB server: an empty one that nobody can reach, in scratch, into which the users and every database are
// loaded; looked through, and asked what its service wants to know.

import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration, MariadbConfig, ServiceConfig } from '../../config/configuration.ts';
import { dumpsIn } from '../../config/resolve-dumps.ts';
import type { MariadbSet } from '../../domain/mariadb-dumps.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { ask, type MariadbAddress, mariadbProgram } from '../../tools/mariadb/client.ts';
import { loadMariadb } from '../../tools/mariadb/load.ts';
import { requireRoom } from '../drill/scratch.ts';
import { scratchFor } from '../drill/scratch-for.ts';
import { aboutTheDumps, notLoaded, type TriedDumps } from '../dumps/tried-dumps.ts';
import { holdStaging } from '../restore/staging.ts';
import { createDatabase } from '../../tools/mariadb/create-database.ts';
import { loadInSomeOrder, makeAccounts } from './load-set.ts';
import { lookThroughMariadb } from './look-through.ts';
import { holdPrivateMariadb, makeMariadbData } from './private-server.ts';
import { readMariadbSet } from './read-set.ts';
import { serverOwner } from './server-owner.ts';

export interface MariadbTrial {
  readonly config: Configuration;
  readonly service: ServiceConfig;
  readonly mariadb: MariadbConfig;
}

/** `root`: what was restored lies below it, `paths` are those of the snapshot. Throws what says nothing about the dumps. */
export async function tryMariadbDumps(
  { config, service, mariadb }: MariadbTrial,
  root: string,
  paths: readonly string[],
  context: StepContext,
): Promise<TriedDumps> {
  const { signal } = context;
  const subject = service.name;
  const place = dumpsIn(paths, subject);
  if (place === null) return notLoaded('the snapshot holds no dumps of its MariaDB server');
  const directory = join(await realpath(root), place);
  const set = await readMariadbSet(directory, subject).catch(aboutTheDumps);
  if (set instanceof HoldfastError) return notLoaded(set.message);
  for (const program of ['mariadbd', 'mariadb-install-db', 'mariadb'] as const) mariadbProgram(program);
  const owner = await serverOwner(mariadb.dataDir, subject, signal);
  const scratch = await scratchFor(config, mariadb, { user: owner, subject }, signal);
  await requireRoom(scratch, { files: 0, bytes: set.databases.reduce((sum, { size }) => sum + size, 0) }, signal);
  const home = join(scratch, `.holdfast-drill-${context.runId}-dumps`);
  await using _staging = await holdStaging(context, home, { owner });
  const begin = performance.now();
  const spec = { home, owner, settings: set.server, subject };
  const data = await makeMariadbData(spec, signal);
  await using server = await holdPrivateMariadb(spec, data, context);
  try {
    await loadAll(set, server.address, directory, subject, context);
  } catch (error) {
    const { message, tool } = aboutTheDumps(error);
    return notLoaded(message, tool?.stderrTail);
  }
  const loadSeconds = (performance.now() - begin) / 1000;
  const { problems, lines, validations, tables, rows } = await lookThroughMariadb(service, server.address, context);
  const [version = ''] = await ask(server.address, 'SELECT @@version;', { signal, subject });
  const loaded = { version, databases: set.databases.length, tables, rows, read: ['tables', 'rows'] };
  return { loadSeconds, problems, lines, validations, loaded };
}

async function loadAll(
  set: MariadbSet,
  address: MariadbAddress,
  directory: string,
  subject: string,
  context: StepContext,
): Promise<void> {
  const { signal } = context;
  const accounts = await makeAccounts(address, { directory, subject, standIns: true }, signal);
  // what a first try has left of one is nobody's
  await loadInSomeOrder(set.databases, async (database) => {
    const { name, file } = database;
    context.progress({ message: `loading ${name}` });
    await ask(address, createDatabase(database, 'CREATE OR REPLACE DATABASE'), { signal, subject });
    await loadMariadb(address, { file: join(directory, file), database: name, into: name }, signal);
  });
  for (const each of [...accounts.refused, ...(await accounts.grant(signal))]) context.warn(`in the drill ${each}`);
}
