// What restic reads of a service: its live paths, or temporary snapshots in their place, and copies of those databases that no
// snapshot holds. Which of them, and in what they fall short, is told with the result.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupConfig, RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { type Instant, earlier } from '../../domain/instant.ts';
import type { StepContext } from '../../domain/plan.ts';
import type { JsonObject } from '../../lib/json.ts';
import { secretFilesOf } from '../../repositories/secrets.ts';
import {
  checkDatabase,
  checkPlace,
  type SnapshotDatabase,
  sortDatabases,
  withJournals,
} from '../../sources/snapshots/databases.ts';
import type { SnapshotDesk } from '../../sources/snapshots/desk.ts';
import { type Frozen, freeze } from '../../sources/snapshots/open.ts';
import type { DumpDesk } from '../../sources/dumps/desk.ts';
import { type DumpView, figuresIn, openDumps } from '../../sources/dumps/source.ts';
import { ownersLost, SPOOL, sqliteSource } from '../../sources/sqlite.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import { withBinds } from '../../tools/util-linux/mount-namespace.ts';
import { inMountView, type MountView } from '../../tools/util-linux/mount-view.ts';
import { spoolRoot, type Toolbox } from '../toolbox.ts';
import { lookAtParts } from './snapshot-parts.ts';

type Argv = readonly [string, ...string[]];

export interface OpenSources extends AsyncDisposable {
  /** Not later than the data that is read. */
  readonly at: Instant;
  /** Puts what is read in its place, for the program. */
  wrap(argv: Argv): Argv;
  /** Absolute paths under which the snapshot must hold something, whatever an exclude says. */
  readonly expected: readonly string[];
  /** Absolute paths that no exclude keeps out; some of them may not be there. */
  readonly included: readonly string[];
  /** Absolute paths that must not be read. */
  readonly leftOut: readonly string[];
  readonly shortcomings: readonly string[];
  readonly detail: JsonObject;
  /** What was taken away while it was read, in sentences. */
  lost(signal: AbortSignal): Promise<string[]>;
}

/** What the jobs of one run have, and may share. */
export interface Desks {
  readonly snapshots: SnapshotDesk;
  readonly dumps: DumpDesk;
}

interface Subject {
  readonly name: string;
  readonly service: ServiceConfig;
  readonly backup: BackupConfig;
  readonly repository: RepositoryConfig;
}

/** `paths`: those that are there. Throws, and leaves nothing behind, where what is to be read cannot be had. */
export async function openSources(
  { name, service, backup, repository }: Subject,
  paths: readonly string[],
  access: ResticAccess,
  { toolbox, desks, context }: { toolbox: Toolbox; desks: Desks; context: StepContext },
): Promise<OpenSources> {
  const { user } = toolbox;
  const now = context.now(); // databases are copied before anything else is read
  await using held = new AsyncDisposableStack();
  const frozen = backup.useSnapshots
    ? held.use(
        await freeze(
          {
            look: () => lookAtParts(paths, backup.zfsDataset, context.signal),
            desk: desks.snapshots,
            user: name,
            fresh: backup.hooks.before.length > 0,
            excludes: backup.exclude,
            isRoot: user.uid === 0,
          },
          context,
        ),
      )
    : null;
  const { inside, outside } = frozen
    ? await sortDatabases(backup.databases, paths, (path) => frozen.holds(path))
    : { inside: [], outside: backup.databases };
  const options = { paths, spoolRoot: spoolRoot(toolbox), subject: name, user };
  const spooled = held.use(await sqliteSource(outside, options).open(context));
  const dumps = held.use(await dump({ name, service: service.name, backup }, toolbox, desks.dumps, context));
  const lost = dumps === null || spooled.binds.length > 0 ? [] : await ownersLost(paths, user, context.signal);
  const binds = [...spooled.binds, ...(dumps?.binds ?? [])];
  const covers = frozen?.covers ?? [];
  const view: MountView = {
    covers:
      covers.length === 0
        ? []
        : [...covers, ...binds.map(({ from, over }) => ({ from: { path: from }, directory: '', over }))],
    kept: [cacheOf(access), localDirectory(repository.url)].filter((path) => path !== null),
  };
  const needed = [...secretFilesOf(repository), ...view.kept, access.program];
  const unsound = await checkAll(inside, view, toolbox, name, context);
  const all = held.move();
  return {
    at: earlier(frozen?.at ?? now, dumps?.at ?? now),
    wrap: (argv) => (covers.length === 0 ? withBinds(binds, argv, user) : inMountView(view, needed, argv)),
    expected: [...new Set([...spooled.expected, ...(dumps?.expected ?? []), ...inside.map(({ seen }) => seen)])],
    included: [
      ...new Set([...spooled.expected, ...(dumps?.expected ?? []), ...inside.flatMap(({ seen }) => withJournals(seen))]),
    ],
    leftOut: [...spooled.leftOut, ...(dumps?.leftOut ?? []), ...(frozen?.ownPlaces ?? [])],
    shortcomings: [
      ...(frozen?.shortcomings ?? []),
      ...spooled.shortcomings,
      ...lost,
      ...(dumps?.shortcomings ?? []),
      ...unsound,
    ],
    detail: detailOf(frozen, inside, { ...spooled.detail, ...dumps?.detail }),
    lost: async (signal) => {
      const gone = (await frozen?.missing(signal)) ?? [];
      return gone.length === 0 ? [] : [`${gone.join(', ')} was taken away while it was read`];
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** The set before this one says how much room it takes, and what was there. */
async function dump(
  { name, service, backup }: { readonly name: string; readonly service: string; readonly backup: BackupConfig },
  toolbox: Toolbox,
  desk: DumpDesk,
  context: StepContext,
): Promise<DumpView | null> {
  const { dumps, allowEmpty, hooks } = backup;
  if (dumps === null) return null;
  const [last] = toolbox.journal.evidence({ service, kind: 'backup', complete: true, limit: 1 });
  const options = {
    service,
    subject: name,
    spoolRoot: spoolRoot(toolbox),
    desk,
    user: toolbox.user,
    former: figuresIn(last?.detail['source']),
    allowEmpty,
    fresh: hooks.before.length > 0,
  };
  return await openDumps(dumps, options, context);
}

const detailOf = (frozen: Frozen | null, inside: readonly SnapshotDatabase[], spooled: JsonObject): JsonObject => ({
  ...spooled,
  ...(frozen === null ? {} : { snapshots: [...frozen.names], databasesInSnapshot: inside.map(({ live }) => live) }),
});

/** restic's own choice where nobody told it. */
function cacheOf({ env }: ResticAccess): string | null {
  const chosen = env['RESTIC_CACHE_DIR'];
  if (chosen !== undefined) return chosen;
  const { XDG_CACHE_HOME: xdg, HOME: home } = process.env;
  if (xdg) return join(xdg, 'restic');
  return home ? join(home, '.cache/restic') : null;
}

/** One after the other: each may read gigabytes. */
async function checkAll(
  databases: readonly SnapshotDatabase[],
  view: MountView,
  toolbox: Toolbox,
  name: string,
  context: StepContext,
): Promise<string[]> {
  if (databases.length === 0) return [];
  const root = spoolRoot(toolbox);
  const directory = join(root, `${context.runId}-${encodeURIComponent(name)}-check`);
  const problems: string[] = [];
  await using _spool = await context.hold(SPOOL.kind, { directory }, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  });
  const seeing = { ...view, kept: [...view.kept, root] };
  for (const [index, database] of databases.entries()) {
    /* oxlint-disable no-await-in-loop */
    context.progress({ message: `looking through ${database.live} in the snapshot` });
    await mkdir(checkPlace(directory, index), { mode: 0o700 });
    const problem = await checkDatabase(database, seeing, checkPlace(directory, index), context.signal);
    /* oxlint-enable no-await-in-loop */
    if (problem !== null) problems.push(problem);
  }
  return problems;
}
