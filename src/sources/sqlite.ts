// SQLite databases, copied into a spool while their owners go on writing. restic reads the copy in place of the live file;
// the live -wal, -shm and -journal, which belong to the live file only, are left out.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SqliteDatabase } from '../config/configuration.ts';
import type { EffectKind } from '../domain/effect.ts';
import { type Bind, requireBinds, strangersEntry } from '../tools/util-linux/mount-namespace.ts';
import type { Source } from './source.ts';
import { copyDatabase } from './sqlite-copy.ts';
import { COMPANIONS, liveFile, rootsOf, seenAt } from './sqlite-place.ts';

/** A directory of Holdfast's own; its path is the whole payload. */
export const SPOOL: EffectKind = {
  kind: 'spool',
  independent: true,
  async undo({ directory }) {
    if (typeof directory === 'string') await rm(directory, { recursive: true, force: true });
  },
};

export interface SqliteSourceOptions {
  /** The directories and files that restic reads; absolute and normalised. */
  readonly paths: readonly string[];
  /** Where the spool directory is made; private to this user. */
  readonly spoolRoot: string;
  /** The job, in errors and in the spool's name. */
  readonly subject: string;
  readonly user: { readonly uid: number; readonly gid: number };
}

export const sqliteSource = (databases: readonly SqliteDatabase[], options: SqliteSourceOptions): Source => ({
  async open(context) {
    if (databases.length === 0) return view([], [], new AsyncDisposableStack());
    await requireBinds(options.subject, options.user, context.signal);
    const directory = join(options.spoolRoot, `${context.runId}-${encodeURIComponent(options.subject)}`);
    await using held = new AsyncDisposableStack();
    held.use(await context.hold(SPOOL.kind, { directory }, () => makeSpool(directory)));
    const lost = await ownersLost(options.paths, options.user, context.signal);
    const roots = await rootsOf(options.paths);
    const copies: Copy[] = [];
    for (const [index, { path }] of databases.entries()) {
      context.signal.throwIfAborted();
      const over = await liveFile(path); // oxlint-disable-line no-await-in-loop -- one at a time: each fills the disk
      const seen = seenAt(path, over, roots);
      const from = join(directory, `${index}.db`);
      context.progress({ message: `copying ${over}` });
      await copyDatabase(over, from, context.signal); // oxlint-disable-line no-await-in-loop
      copies.push({ path, seen, from, over });
    }
    return view(copies, lost, held.move());
  },
});

/** One database: as it was declared, as restic sees it, its copy, and the real file that the copy stands in for. */
interface Copy extends Bind {
  readonly path: string;
  readonly seen: string;
}

const view = (
  copies: readonly Copy[],
  shortcomings: readonly string[],
  held: AsyncDisposableStack,
): Awaited<ReturnType<Source['open']>> => ({
  binds: copies.map(({ from, over }) => ({ from, over })),
  expected: [...new Set(copies.map(({ seen }) => seen))],
  leftOut: [...new Set(copies.flatMap(({ path, seen, over }) => [path, seen, over]))].flatMap((file) =>
    COMPANIONS.map((suffix) => file + suffix),
  ),
  shortcomings,
  detail: { databases: copies.map(({ over }) => over) },
  [Symbol.asyncDispose]: () => held.disposeAsync(),
});

/** In what a copy of these paths is less than it should be, because something is put in place for its program; none as root. */
export async function ownersLost(
  paths: readonly string[],
  user: SqliteSourceOptions['user'],
  signal: AbortSignal,
): Promise<string[]> {
  const stranger = paths.length === 0 ? null : await strangersEntry(paths, user, signal);
  return stranger === null ? [] : [ownerLost(stranger)];
}

const ownerLost = (path: string): string =>
  `owners are lost: what another user or group owns, such as ${path}, is saved as nobody's, because an ordinary user can copy a database only in a user namespace; run as root`;

async function makeSpool(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
}
