// Databases from a copy into the server that is in service. Each is loaded beside what is there, under a name of this run's own; only
// when all are loaded do they get their names, in one transaction, and what had those is kept under others.

import { chmod, lchown, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DumpsConfig } from '../../../config/configuration.ts';
import {
  asideName,
  type DumpedDatabase,
  dumpFile,
  type DumpSet,
  GLOBALS,
  loadingName,
  MANIFEST,
  OF_EVERY_SERVER,
} from '../../../domain/database-dumps.ts';
import type { StepContext, StepResult } from '../../../domain/plan.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import type { JsonObject } from '../../../lib/json.ts';
import type { Catalogue } from '../../../tools/postgresql/catalogue.ts';
import type { LiveServer } from '../../../tools/postgresql/live-server.ts';
import { literalPattern } from '../../../tools/restic/pattern.ts';
import { requireRoom } from '../../drill/scratch.ts';
import { checkSpace, type Proven, type RestoreOrder, restoreAndProve } from '../../restore/prove.ts';
import { resultOf } from '../../restore/restore-result.ts';
import { holdStaging } from '../../restore/staging.ts';
import type { Toolbox } from '../../toolbox.ts';
import { exchange, type Move } from './exchange.ts';
import { type Live, liveOf } from './live.ts';
import { LOADING_DATABASE } from '../restore-database.ts';
import { createDatabase, type Loading, loadDump, makeRoles } from './load.ts';
import { readSet } from './read-set.ts';

export interface RestoreDumps extends RestoreOrder {
  readonly service: string;
  readonly dumps: DumpsConfig;
  /** Where the dumps stand in the snapshot. */
  readonly place: string;
  /** Null: every one, each in the place of the one that has its name. Else one, under a name that nobody has. */
  readonly only: { readonly database: string; readonly as: string } | null;
  /** A directory that the user of the server can get to. */
  readonly scratch: (signal: AbortSignal) => Promise<string>;
}

/** Throws `refused` where a name is taken, `not-restored` where a dump cannot be loaded; the server is then as it was, but for roles. */
export async function restoreDumps(order: RestoreDumps, toolbox: Toolbox, context: StepContext): Promise<StepResult> {
  const { signal, runId } = context;
  const { only, service, dumps } = order;
  const live = await liveOf(dumps.server, service, signal);
  if (only !== null) requireFree(service, live.catalogue, only.as);
  const root = join(await order.scratch(signal), `.holdfast-restore-${runId}`);
  await using _staging = await holdStaging(context, root);
  const { proven, directory } = await stage(order, root, live.server, toolbox, context);
  const set = await readSet(directory, service, only?.database);
  const wanted = wantedOf(set, order);
  const bytes = wanted.reduce((sum, { size }) => sum + size, 0);
  const hint = 'The databases that are there stay until the new ones are loaded: make room first.';
  await requireRoom(dumps.server.dataDir, { files: 0, bytes }, signal, hint);
  const roles = await makeRoles(live.target, directory, signal);
  const missing = set.tablespaces.filter((name) => !live.catalogue.tablespaces.some((each) => each.name === name));
  const loading = { target: live.target, directory, noTablespaces: missing.length > 0 };
  await using held = new AsyncDisposableStack();
  const moves: Move[] = [];
  for (const [index, database] of wanted.entries()) {
    const name = loadingName(index, runId);
    held.use(await loadBeside(database, name, loading, live, context)); // oxlint-disable-line no-await-in-loop -- each with all that the machine has
    const as = only?.as ?? database.name;
    const taken = live.catalogue.databases.some((each) => each.name === as);
    moves.push({ database, name, as, aside: taken ? asideName(as, index, runId) : null });
  }
  await exchange(moves, loading, live, context);
  if (missing.length > 0)
    context.warn(`the server has no tablespace ${missing.join(', ')}: what was in it is in the default one now`);
  if (only !== null && only.as !== only.database)
    context.warn(`settings and rights that were given to the database ${only.database} itself were not given to ${only.as}`);
  return resultOf(order, proven, whereOf(moves, roles), proven.shortcomings, context);
}

/** The dumps, proven to be what the snapshot holds, where the user of the server can read them. */
async function stage(
  order: RestoreDumps,
  root: string,
  { user }: LiveServer,
  toolbox: Toolbox,
  context: StepContext,
): Promise<{ readonly proven: Proven; readonly directory: string }> {
  const { place, only } = order;
  const files = only === null ? null : [MANIFEST, GLOBALS, dumpFile(only.database)].map((file) => join(place, file));
  const wanted = files ?? [place];
  await checkSpace({ ...order, includes: files ?? [] }, root, context);
  const isWanted = (path: string): boolean =>
    wanted.some((each) => path === each || each.startsWith(`${path}/`) || path.startsWith(`${each}/`));
  const staging = join(root, 'restored');
  const proof = { place: (path: string) => (isWanted(path) ? staging + path : null), roots: [staging], wanted };
  const proven = await restoreAndProve(
    order,
    [{ target: staging, includes: wanted.map(literalPattern) }],
    proof,
    toolbox,
    context,
  );
  const directory = join(root, 'dumps');
  await rename(staging + place, directory);
  const names = await readdir(directory);
  for (const name of names) await letRead(join(directory, name), 0o640, user); // oxlint-disable-line no-await-in-loop -- a handful
  await letRead(directory, 0o750, user);
  await letRead(root, 0o710, user);
  return { proven, directory };
}

/** By its group: what stays ours nobody else can exchange for something, which we would then read, give away or remove. */
async function letRead(path: string, mode: number, { gid }: LiveServer['user']): Promise<void> {
  if (process.getuid?.() !== 0) return;
  await lchown(path, 0, gid);
  await chmod(path, mode);
}

/** Throws `not-restored` where the copy does not hold it. */
function wantedOf({ databases }: DumpSet, { only, service }: RestoreDumps): DumpedDatabase[] {
  if (only === null) return databases.filter(({ name }) => !OF_EVERY_SERVER.has(name));
  const found = databases.filter(({ name }) => name === only.database);
  if (found.length > 0) return found;
  throw new HoldfastError({
    code: 'not-restored',
    operation: 'restore a database of',
    subject: service,
    message: `the copy holds no database ${only.database}; it holds ${databases.map(({ name }) => name).join(', ')}`,
    hint: 'Name one of these, or another copy with --snapshot or --at.',
  });
}

async function loadBeside(
  database: DumpedDatabase,
  name: string,
  loading: Loading,
  { server, clients, target }: Live,
  context: StepContext,
): Promise<AsyncDisposable> {
  context.progress({ message: `loading ${database.name}` });
  const { socket, port, role, user } = server;
  await using held = new AsyncDisposableStack();
  held.use(
    await context.hold(
      LOADING_DATABASE.kind,
      { psql: clients.psql, name, socket, port, role, ...user },
      async () => void (await target.sql(createDatabase(name, database), context.signal)),
    ),
  );
  await loadDump(loading, database, name, context.signal);
  const kept = held.move();
  return { [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const whereOf = (moves: readonly Move[], roles: readonly string[]): JsonObject => ({
  databases: moves.map(({ as }) => as),
  roles: [...roles],
  kept: moves.flatMap(({ as, aside }) => (aside === null ? [] : [{ path: as, keptAt: `the database ${aside}` }])),
});

/** Throws `refused`. */
function requireFree(subject: string, { databases }: Catalogue, name: string): void {
  if (!databases.some((each) => each.name === name)) return;
  throw new HoldfastError({
    code: 'refused',
    operation: 'restore a database of',
    subject,
    message: `the server has a database ${name}, and a restore never loads into one that is there`,
    hint: 'Give it another name with --as NAME, compare, and rename both when you are sure; --in-place exchanges all of them.',
  });
}
