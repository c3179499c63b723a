// One SQLite database, copied by the online backup API while its owner goes on writing. What SQLite's reading leaves beside a
// database in WAL mode (-wal and -shm, when nobody had it open) stays: only a writer can take it away, by a checkpoint, which
// would change the live file. They belong to the database's owner, also when root made them, so nobody is kept out.

import { chmod, chown, stat, statfs, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { type Bytes, describeBytes } from '../domain/bytes.ts';
import { type Duration, duration } from '../domain/duration.ts';
import { codeOf, failure, messageOf } from './sqlite-failure.ts';

/** Between two looks whether the copy is still wanted; 16 MiB of the usual pages cost no measurable time more than all at once. */
const PAGES_AT_ONCE = 4096;
/** How long somebody else may hold the database exclusively. */
const PATIENCE = duration(10, 's');

/**
 * A copy with the live file's owner, mode and times, so that a restore is indistinguishable. Throws a HoldfastError, or the
 * signal's reason; what is then at `copy` is no copy.
 */
export async function copyDatabase(live: string, copy: string, signal: AbortSignal, patience = PATIENCE): Promise<void> {
  const { size, mode, uid, gid, atime, mtime } = await stat(live);
  const room = await statfs(dirname(copy));
  if (size > room.bavail * room.bsize) {
    const free = describeBytes((room.bavail * room.bsize) as Bytes);
    throw failure(live, 'no-space', `its copy needs ${describeBytes(size as Bytes)}, the spool has ${free} left`);
  }
  try {
    using database = new DatabaseSync(live, { readOnly: true });
    await beginReading(database, signal, patience);
    await backup(database, copy, { rate: PAGES_AT_ONCE, progress: () => signal.throwIfAborted() });
    await chmod(copy, mode & 0o7777);
    if (process.getuid?.() === 0) await chown(copy, uid, gid);
    await utimes(copy, atime, mtime);
  } catch (error) {
    signal.throwIfAborted();
    const code = codeOf(error);
    throw failure(live, code, code === 'busy' ? 'it is locked by another program' : messageOf(error), error);
  }
}

/**
 * One read transaction around all steps of the copy: without it each commit of another process would start the copy again
 * (sqlite.org/c3ref/backup_finish.html). SQLite's own wait for a lock would hold up the whole program.
 */
async function beginReading(database: DatabaseSync, signal: AbortSignal, patience: Duration): Promise<void> {
  const deadline = performance.now() + patience;
  database.exec('BEGIN');
  for (;;) {
    try {
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
      return;
    } catch (error) {
      if (codeOf(error) !== 'busy' || performance.now() > deadline) throw error;
    }
    await delay(duration(20, 'ms'), undefined, { signal }); // oxlint-disable-line no-await-in-loop -- nobody tells when it is free
  }
}
