// Databases from a copy into the MariaDB server that is in service. No database can be renamed there, and so none can be exchanged: what is
// loaded goes where nothing is, and what has something in it is refused before anything is touched.

import { join } from 'node:path';
import type { MariadbDumps } from '../../config/configuration.ts';
import { MANIFEST } from '../../domain/database-dumps.ts';
import { type DumpedMariadb, mariadbFile } from '../../domain/mariadb-dumps.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { type MariadbCatalogue, mariadbCatalogue } from '../../tools/mariadb/catalogue.ts';
import { ask, identifier, literal, type MariadbAddress } from '../../tools/mariadb/client.ts';
import { loadMariadb } from '../../tools/mariadb/load.ts';
import { openScratchRoot, requireRoom, scratchRoot } from '../drill/scratch.ts';
import type { DumpsOrder } from '../dumps/dumps-order.ts';
import { databaseIn } from '../dumps/restored-set.ts';
import { requireFree } from '../dumps/taken-name.ts';
import { stageDumps } from '../dumps/stage-dumps.ts';
import { resultOf } from '../restore/restore-result.ts';
import { holdStaging } from '../restore/staging.ts';
import type { Toolbox } from '../toolbox.ts';
import { loadInSomeOrder, makeAccounts, type NewAccounts } from './load-set.ts';
import { holdLoading, type LoadingDatabase } from './loading-database.ts';
import { readMariadbSet } from './read-set.ts';
import { requireEmpty } from './taken.ts';

type Order = DumpsOrder<MariadbDumps>;

const COMPARE = 'move what you need: RENAME TABLE moves a table from one to the other';

/** What should be known before all of them come back. */
export const IN_PLACE_REMARKS: readonly string[] = [
  'databases that are absent or empty are loaded; where one has something in it nothing is restored: MariaDB cannot exchange it for another (--database NAME --as OTHER loads it beside)',
];

/** Throws `refused` where something is in the way, `not-restored` where a dump cannot be loaded; the server is then as it was, but for users. */
export async function restoreMariadb(order: Order, toolbox: Toolbox, context: StepContext): Promise<StepResult> {
  const { signal, runId } = context;
  const { only, service, dumps, config, place } = order;
  const { server } = dumps;
  const catalogue = await mariadbCatalogue(server, service, signal);
  if (only !== null) requireFree(service, catalogue, only.as, COMPARE);
  const surroundings = { services: [...config.services.values()], repositories: [...config.repositories.values()] };
  const root = join(await openScratchRoot(scratchRoot(config), surroundings), `.holdfast-restore-${runId}`);
  await using _staging = await holdStaging(context, root);
  const files = only === null ? null : [MANIFEST, mariadbFile(only.database)];
  const { proven, directory } = await stageDumps(order, { place, files, reader: null }, root, toolbox, context);
  const set = await readMariadbSet(directory, service, only?.database);
  const wanted = only === null ? set.databases : [databaseIn(set.databases, only.database, service)];
  if (only === null) await requireEmpty(service, server, catalogue, wanted, signal);
  await requireRoom(server.dataDir, { files: 0, bytes: wanted.reduce((sum, { size }) => sum + size, 0) }, signal);
  const accounts =
    only === null ? await makeAccounts(server, { directory, subject: service, standIns: false }, signal) : NO_ACCOUNTS;
  await using held = new AsyncDisposableStack();
  const loading: LoadingDatabase[] = [];
  await loadInSomeOrder(wanted, async (database) => {
    await using begun = new AsyncDisposableStack();
    const each = begun.use(await loadOne(database, { order, catalogue, directory }, context));
    loading.push(each);
    held.use(begun.move());
  });
  if (only !== null && only.as !== only.database) await restEvents(server, only.as, context);
  for (const each of loading) await each.keep(signal); // oxlint-disable-line no-await-in-loop -- a handful
  const refused = [...accounts.refused, ...(await accounts.grant(signal))];
  const where = { databases: wanted.map(({ name }) => only?.as ?? name), users: [...accounts.names] };
  return resultOf(order, proven, where, [...proven.shortcomings, ...refused], context);
}

const NO_ACCOUNTS: NewAccounts = { names: [], refused: [], grant: () => Promise.resolve([]) };

interface Loading {
  readonly order: Order;
  readonly catalogue: MariadbCatalogue;
  readonly directory: string;
}

/** Loaded, and not yet kept. Where it cannot be loaded nothing of it stays. */
async function loadOne(
  database: DumpedMariadb,
  { order, catalogue, directory }: Loading,
  context: StepContext,
): Promise<LoadingDatabase> {
  const { server } = order.dumps;
  const name = order.only?.as ?? database.name;
  const empty = catalogue.databases.find((each) => each.name === name) ?? null;
  context.progress({ message: `loading ${database.name}` });
  await using begun = new AsyncDisposableStack();
  const each = begun.use(await holdLoading(server, { name, shape: database, empty: empty && shapeOf(empty) }, context));
  await loadMariadb(server, { file: join(directory, database.file), database: database.name, into: name }, context.signal);
  const kept = begun.move();
  return { keep: (signal) => each.keep(signal), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const shapeOf = ({ charset, collation, comment }: DumpedMariadb | MariadbCatalogue['databases'][number]) => ({
  charset,
  collation,
  comment,
});

/** Under another name it is a copy to look at: what the database does by itself it would do twice. */
async function restEvents(server: MariadbAddress, database: string, context: StepContext): Promise<void> {
  const { signal } = context;
  const options = { signal, subject: `the database ${database}` };
  const enabled = `SELECT event_name FROM information_schema.events WHERE event_schema = ${literal(database)} AND status = 'ENABLED';`;
  const names = await ask(server, enabled, options);
  if (names.length === 0) return;
  const quiet = names.map((name) => `ALTER EVENT ${identifier(database)}.${identifier(name)} DISABLE;\n`).join('');
  await ask(server, quiet, options);
  context.warn(`events of ${database} are switched off (${names.join(', ')}): they would act twice`);
}
