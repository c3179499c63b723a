// One set of dumps: the roles and every database of a server, each as it was at one moment of its own, with what it takes to make them
// anew. What of a server cannot be dumped is told, and the rest is kept all the same.

import { rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresConfig } from '../../config/configuration.ts';
import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import {
  chooseDatabases,
  type DumpedDatabase,
  dumpFile,
  type DumpFigure,
  type DumpSet,
  GLOBALS,
  MANIFEST,
  roomFor,
  type ServerDatabase,
} from '../../domain/database-dumps.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { Semaphore } from '../../lib/semaphore.ts';
import { type Catalogue, catalogueOf } from '../../tools/postgresql/catalogue.ts';
import { type Clients, clientsFor } from '../../tools/postgresql/clients.ts';
import { dumpDatabase, dumpGlobals } from '../../tools/postgresql/dump.ts';
import { type LiveServer, liveServer } from '../../tools/postgresql/live-server.ts';

export interface SetOrder {
  /** For errors. */
  readonly subject: string;
  readonly postgres: PostgresConfig;
  /** On record of the last complete set. */
  readonly former: readonly DumpFigure[];
}

export interface MadeSet {
  readonly set: DumpSet;
  /** Where the server keeps files: what a copy of is of no use. */
  readonly places: readonly string[];
  readonly shortcomings: readonly string[];
}

/** Throws where nothing can be dumped, or the spool is full. `directory`: of ours, empty, closed to everybody else. */
export async function makeSet(order: SetOrder, directory: string, context: StepContext): Promise<MadeSet> {
  const { postgres, subject } = order;
  const { signal } = context;
  const server = await liveServer(postgres, subject, signal);
  const catalogue = await catalogueOf(server, signal);
  const clients = await clientsFor(catalogue.major, signal);
  const { databases, shortcomings, remarks } = chooseDatabases(catalogue.databases, postgres.excludeDatabases);
  for (const remark of remarks) context.warn(remark);
  await requireSpool(order, databases, directory);
  context.progress({ message: 'dumping the roles' });
  await dumpGlobals(server, clients.pg_dumpall, join(directory, GLOBALS), signal);
  const work: Work = { server, clients, directory, context };
  const ended = await dumpAll(databases, postgres.processes ?? 1, work);
  const dumped = ended.filter((each) => 'file' in each);
  const failed = ended.filter((each) => 'error' in each);
  const [first] = failed;
  if (first && dumped.length === 0) throw first.error;
  const set: DumpSet = {
    version: 1,
    server: { version: catalogue.version, systemId: catalogue.systemId },
    role: server.role,
    databases: dumped,
    tablespaces: catalogue.tablespaces.map(({ name }) => name),
  };
  await writeFile(join(directory, MANIFEST), `${JSON.stringify(set, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return {
    set,
    places: [postgres.dataDir, ...catalogue.tablespaces.map(({ location }) => location)],
    shortcomings: [
      ...shortcomings,
      ...failed.map(({ name, error }) => `the database ${name} is not in the copy: ${error.message}`),
    ],
  };
}

interface Work {
  readonly server: LiveServer;
  readonly clients: Clients;
  readonly directory: string;
  readonly context: StepContext;
}

type Ended = DumpedDatabase | { readonly name: string; readonly error: HoldfastError };

/** In the order of the databases; without those that are gone by now. */
async function dumpAll(databases: readonly ServerDatabase[], atOnce: number, work: Work): Promise<Ended[]> {
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
async function dumpOne(database: ServerDatabase, work: Work, signal: AbortSignal): Promise<Ended | null> {
  const { server, clients, context } = work;
  const first = await attempt(database, work, signal);
  if (!('error' in first)) return first;
  const now = (await catalogueOf({ ...server, psql: clients.psql }, signal)).databases.find(
    ({ oid }) => oid === database.oid,
  );
  if (now === undefined) {
    context.warn(`the database ${database.name} was dropped while it was to be dumped, and is not in the copy`);
    return null;
  }
  return now.name === database.name ? first : await attempt(now, work, signal);
}

async function attempt(
  database: ServerDatabase,
  { server, clients, directory, context }: Work,
  signal: AbortSignal,
): Promise<Ended> {
  const { oid: _oid, connectable: _connectable, valid: _valid, ...shape } = database;
  const file = dumpFile(database.name);
  const path = join(directory, file);
  context.progress({ message: `dumping ${database.name}` });
  try {
    await dumpDatabase(server, clients.pg_dump, { database: database.name, file: path }, signal);
    return { ...shape, file, bytes: (await stat(path)).size as Bytes };
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
  databases: Catalogue['databases'],
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
