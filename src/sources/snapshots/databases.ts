// SQLite databases in a snapshot: with the journal that lies beside one it is what its owner would find after a power cut, so nothing
// is copied to be saved. That this is a sound database is proven by opening it so, in a process of its own that sees the snapshot: the
// journal is replayed in a copy, the database itself is only read.

import { join } from 'node:path';
import type { SqliteDatabase } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { inMountView, type MountView } from '../../tools/util-linux/mount-view.ts';
import { liveFile, rootsOf, seenAt } from '../sqlite-place.ts';

export interface SnapshotDatabase {
  /** The real file, without links. */
  readonly live: string;
  /** Where restic sees it. */
  readonly seen: string;
}

export interface Sorted {
  readonly inside: readonly SnapshotDatabase[];
  /** To be copied as they live. */
  readonly outside: readonly SqliteDatabase[];
}

/** Which are in a snapshot. Throws for one that is not where it was declared to be. */
export async function sortDatabases(
  databases: readonly SqliteDatabase[],
  paths: readonly string[],
  holds: (path: string) => boolean,
): Promise<Sorted> {
  const roots = await rootsOf(paths);
  const placed = await Promise.all(databases.map(async (database) => ({ database, live: await liveFile(database.path) })));
  return {
    inside: placed
      .filter(({ live }) => holds(live))
      .map(({ database, live }) => ({ live, seen: seenAt(database.path, live, roots) })),
    outside: placed.filter(({ live }) => !holds(live)).map(({ database }) => database),
  };
}

/** What restic must not leave out, whatever an exclude says: without its journal a database is torn. */
export const withJournals = (seen: string): string[] => [seen, `${seen}-wal`, `${seen}-journal`];

/**
 * "$@" is DIRECTORY DATABASE PROGRAM ...: a rollback journal is played back into a copy of the database; the other kind is read along
 * with it. The directory is on a disk, and nobody's data.
 */
const LOOK_AT = String.raw`directory=$1 database=$2; shift 2
if [ -s "$database-journal" ]; then
  cp -- "$database" "$directory/copy" && cp -- "$database-journal" "$directory/copy-journal" || exit 98
  exec "$@" "$directory/copy" write
fi
: >"$directory/copy" && mount --bind "$database" "$directory/copy" || exit 98
[ ! -s "$database-wal" ] || cp -- "$database-wal" "$directory/copy-wal" || exit 98
exec "$@" "$directory/copy" read`;

/** Its answer is one line: null when all is well, else what is not. */
const CHECK = `
const { DatabaseSync } = require('node:sqlite');
const [file, how] = process.argv.slice(1);
try {
  const database = new DatabaseSync(file, { readOnly: how === 'read' });
  const found = database.prepare('PRAGMA integrity_check(5)').all().map((row) => row.integrity_check);
  console.log(JSON.stringify(found.length === 1 && found[0] === 'ok' ? null : found.join('; ')));
} catch (error) {
  console.log(JSON.stringify(error.message));
}
`;

/** Reading a large one takes its time. */
const LIMIT = duration(1, 'h');

/** Null when it is sound; else a sentence that says what is wrong, or that nobody knows. */
export async function checkDatabase(
  { live }: SnapshotDatabase,
  view: MountView,
  directory: string,
  signal: AbortSignal,
): Promise<string | null> {
  const program = [process.execPath, '--no-warnings', '-e', CHECK, '--'];
  const argv = inMountView(view, [directory], ['sh', '-c', LOOK_AT, 'sh', directory, live, ...program]);
  const env = { SQLITE_TMPDIR: directory, NODE_OPTIONS: undefined };
  const unknown = (why: string): string => `whether ${live} is sound in the snapshot is not known: ${why}`;
  try {
    const { exitCode, stdout, stderrTail } = await runProcess(
      { argv, operation: 'look through the database', subject: live, env, cwd: '/' },
      { signal, timeout: LIMIT, grace: duration(1, 's'), verbatim: true },
    );
    if (exitCode !== 0) return unknown(stderrTail.at(-1) ?? `looking through it ended with exit code ${exitCode}`);
    const answer = JSON.parse(stdout) as string | null; // as CHECK wrote it
    return answer === null ? null : `${live} is damaged in the snapshot: ${answer}`;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError) || error.code !== 'timed-out') throw error;
    return unknown(error.message);
  }
}

/** Of one database, in the spool of its job. */
export const checkPlace = (spool: string, index: number): string => join(spool, `check-${index}`);
