// Databases from a copy into the server that is in service. Each is loaded beside what is there, under a name of this run's own; only
// when all are loaded do they get their names, in one transaction, and what had those is kept under others.

import { join } from 'node:path';
import type { PostgresDumps } from '../../../config/configuration.ts';
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
import type { JsonObject } from '../../../lib/json.ts';
import { requireRoom } from '../../drill/scratch.ts';
import type { DumpsOrder } from '../../dumps/dumps-order.ts';
import { databaseIn } from '../../dumps/restored-set.ts';
import { requireFree } from '../../dumps/taken-name.ts';
import { stageDumps } from '../../dumps/stage-dumps.ts';
import { resultOf } from '../../restore/restore-result.ts';
import { holdStaging } from '../../restore/staging.ts';
import type { Toolbox } from '../../toolbox.ts';
import { exchange, type Move } from './exchange.ts';
import { type Live, liveOf } from './live.ts';
import { LOADING_DATABASE } from '../restore-database.ts';
import { scratchFor } from '../../drill/scratch-for.ts';
import { createDatabase, type Loading, loadDump, makeRoles } from './load.ts';
import { readSet } from './read-set.ts';

type RestoreDumps = DumpsOrder<PostgresDumps>;

/** What should be known before all of them are exchanged. */
export const IN_PLACE_REMARKS: readonly string[] = [
  'each database is loaded beside the one that is there and takes its name when all are loaded: their sessions are ended then, and what was there is kept as NAME_before_RUN, and dumped with the others until you drop it',
  `${[...OF_EVERY_SERVER].join(' and ')}, with which every server begins, are left as they are: --database NAME --as OTHER brings one back beside`,
];

const COMPARE = 'rename both when you are sure; --in-place exchanges all of them';

/** Throws `refused` where a name is taken, `not-restored` where a dump cannot be loaded; the server is then as it was, but for roles. */
export async function restoreDumps(order: RestoreDumps, toolbox: Toolbox, context: StepContext): Promise<StepResult> {
  const { signal, runId } = context;
  const { only, service, dumps } = order;
  const live = await liveOf(dumps.server, service, signal);
  if (only !== null) requireFree(service, live.catalogue, only.as, COMPARE);
  const scratch = await scratchFor(order.config, dumps.server, { user: live.server.user, subject: service }, signal);
  const root = join(scratch, `.holdfast-restore-${runId}`);
  await using _staging = await holdStaging(context, root);
  const files = only === null ? null : [MANIFEST, GLOBALS, dumpFile(only.database)];
  const staged = { place: order.place, files, reader: live.server.user };
  const { proven, directory } = await stageDumps(order, staged, root, toolbox, context);
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

/** Throws `not-restored` where the copy does not hold it. */
const wantedOf = ({ databases }: DumpSet, { only, service }: RestoreDumps): readonly DumpedDatabase[] =>
  only === null
    ? databases.filter(({ name }) => !OF_EVERY_SERVER.has(name))
    : [databaseIn(databases, only.database, service)];

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
