// One set of dumps: the accounts and every database of a server, each as it was at one moment of its own, with what it takes to make them
// anew. What of a server cannot be dumped is told, and the rest is kept all the same.

import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DumpsConfig } from '../../config/configuration.ts';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import { type DumpFigure, type DumpFile, MANIFEST, roomFor } from '../../domain/database-dumps.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { Semaphore } from '../../lib/semaphore.ts';
import { openMariadb } from './mariadb.ts';
import type { Dumpable, OpenServer } from './open-server.ts';
import { openPostgres } from './postgresql.ts';

export interface SetOrder {
  /** For errors. */
  readonly subject: string;
  readonly dumps: DumpsConfig;
  /** On record of the last complete set. */
  readonly former: readonly DumpFigure[];
}

export interface MadeSet {
  readonly databases: readonly DumpFile[];
  /** Beside those of the databases. */
  readonly files: readonly string[];
  readonly server: JsonObject;
  readonly ofEveryServer: ReadonlySet<string>;
  /** Where the server keeps files: what a copy of is of no use. */
  readonly places: readonly string[];
  readonly shortcomings: readonly string[];
}

/** Throws where nothing can be dumped, or the spool is full. `directory`: of ours, empty, closed to everybody else. */
export async function makeSet(order: SetOrder, directory: string, context: StepContext): Promise<MadeSet> {
  const { dumps, subject } = order;
  const { signal } = context;
  return dumps.kind === 'mariadb'
    ? await dumpServer(await openMariadb(dumps.server, subject, signal), order, directory, context)
    : await dumpServer(await openPostgres(dumps.server, subject, signal), order, directory, context);
}

async function dumpServer<Database extends Dumpable>(
  server: OpenServer<Database>,
  order: SetOrder,
  directory: string,
  context: StepContext,
): Promise<MadeSet> {
  const { databases, remarks, shortcomings, ofEveryServer, places, identity } = server;
  for (const remark of remarks) context.warn(remark);
  await requireSpool(order, databases, directory);
  context.progress({ message: 'dumping the accounts' });
  const accounts = await server.dumpAccounts(directory, context.signal);
  const ended = await dumpAll(databases, order.dumps.server.processes ?? 1, { server, directory, context });
  const dumped = ended.filter((each) => 'file' in each);
  const failed = ended.filter((each) => 'error' in each);
  const [first] = failed;
  if (first && dumped.length === 0) throw first.error;
  const manifest = `${JSON.stringify(server.manifest(dumped), null, 2)}\n`;
  await writeFile(join(directory, MANIFEST), manifest, { mode: 0o600, flag: 'wx' });
  return {
    databases: dumped,
    files: [MANIFEST, ...accounts],
    server: identity,
    ofEveryServer,
    places,
    shortcomings: [
      ...shortcomings,
      ...failed.map(({ name, error }) => `the database ${name} is not in the copy: ${error.message}`),
    ],
  };
}

interface Work<Database extends Dumpable> {
  readonly server: OpenServer<Database>;
  readonly directory: string;
  readonly context: StepContext;
}

interface Failed {
  readonly name: string;
  readonly error: HoldfastError;
}
type Ended<Database> = (Database & DumpFile) | Failed;

/** In the order of the databases; without those that are gone by now. */
async function dumpAll<Database extends Dumpable>(
  databases: readonly Database[],
  atOnce: number,
  work: Work<Database>,
): Promise<Ended<Database>[]> {
  const { signal } = work.context;
  const places = new Semaphore(atOnce);
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const ended = await Promise.allSettled(
    databases.map(async (database) => {
      using _place = await places.acquire(both);
      try {
        return await dumpOne(database, work, both);
      } catch (error) {
        stop.abort(error); // of all, not of this one: the others would fail like it
        throw error;
      }
    }),
  );
  signal.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
  return ended.flatMap((each) => (each.status === 'fulfilled' && each.value !== null ? [each.value] : []));
}

/** Null for a database that somebody dropped meanwhile. One that was renamed is dumped under its new name. */
async function dumpOne<Database extends Dumpable>(
  database: Database,
  work: Work<Database>,
  signal: AbortSignal,
): Promise<Ended<Database> | null> {
  const { server, context } = work;
  const first = await attempt(database, work, signal);
  if (!('error' in first)) return first;
  const now = await server.lookAgain(database, signal);
  if (now === null) {
    context.warn(`the database ${database.name} was dropped while it was to be dumped, and is not in the copy`);
    return null;
  }
  return now.name === database.name ? first : await attempt(now, work, signal);
}

async function attempt<Database extends Dumpable>(
  database: Database,
  { server, directory, context }: Work<Database>,
  signal: AbortSignal,
): Promise<Ended<Database>> {
  const file = server.fileOf(database);
  const path = join(directory, file);
  context.progress({ message: `dumping ${database.name}` });
  try {
    await server.dump(database, path, signal);
    return { ...database, file, bytes: (await stat(path)).size as Bytes };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || error.code !== 'tool-failed') throw error;
    await rm(path, { force: true });
    return { name: database.name, error };
  }
}

/** Throws `no-space` before a production database is read for nothing. */
async function requireSpool(
  { subject, former }: SetOrder,
  databases: readonly Dumpable[],
  directory: string,
): Promise<void> {
  const room = await statfs(directory);
  const free = (room.bavail * room.bsize) as Bytes; // blocks of so many bytes
  const needed = roomFor(databases, former);
  if (needed <= free) return;
  throw new HoldfastError({
    code: 'no-space',
    operation: 'dump the databases of',
    subject,
    message: `the dumps take up to ${describeBytes(needed)}, the spool has ${describeBytes(free)} left`,
    hint: 'Free space in the state directory (the spool is made there), or move it with stateDir. It is empty again after each backup.',
    retry: 'later',
  });
}
