// The journal for whoever must change nothing, not even a file beside it: no migration, no repair, no new file. What cannot
// be read so where it lies is read from a private copy, together with its write-ahead log.

import { chmodSync, copyFileSync, lstatSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { errnoOf } from '../lib/errors.ts';
import { journalFailure, SQLITE_CORRUPT } from './journal-failure.ts';
import type { Journal } from './journal.ts';
import { formatOf, newestFormat, openDatabase } from './open-journal.ts';
import { SqliteJournal } from './sqlite-journal.ts';

/**
 * The journal in `stateDir`; null only when there is none. Throws `journal-unusable` when it is damaged or cannot be read: every
 * page of a small one is checked, of a large one those that are asked for.
 */
export function openJournalReadOnly(stateDir: string): Journal | null {
  const file = join(stateDir, 'journal.db');
  try {
    if (!journalExists(stateDir)) return null;
    return new SqliteJournal(openInPlace(file) ?? openCopy(file), file, []);
  } catch (error) {
    throw journalFailure(error, file);
  }
}

/** Whether something has been recorded there. Throws `journal-unusable` when that cannot be known. */
export function journalExists(stateDir: string): boolean {
  const file = join(stateDir, 'journal.db');
  try {
    return isThere(file);
  } catch (error) {
    throw journalFailure(error, file);
  }
}

/** What may not be looked at may be there: only "no such file" means that there is none. */
function isThere(file: string): boolean {
  try {
    lstatSync(file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Bytes; up to here looking at every page takes no time that anybody notices. */
const SMALL = 32 * 2 ** 20;
/** Bytes that are read without copying them. */
const MAPPED = 2 ** 30;

/** Null when it cannot be read just so: whatever the reason, the copy will tell it again or do without it. */
function openInPlace(file: string): DatabaseSync | null {
  const url = pathToFileURL(file);
  // Without a write-ahead log nobody uses it: SQLite then need not make its shared memory file.
  if (!isThere(`${file}-wal`)) url.search = '?immutable=1';
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(url, { readOnly: true, timeout: 5000 });
    db.exec(`PRAGMA mmap_size = ${MAPPED}`);
    if (statSync(file).size <= SMALL) assertSound(db);
    if (formatOf(db) === newestFormat()) return db;
  } catch (error) {
    if (!(error instanceof Error && 'errcode' in error)) throw error;
  }
  db?.close();
  return null;
}

/** Migrated when it is of an older format. Its files are gone as soon as it is open. */
function openCopy(file: string): DatabaseSync {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-journal-'));
  using _gone = { [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
  const copy = join(directory, 'journal.db');
  copyAtRest(file, copy);
  const db = openDatabase(copy, true);
  db.exec('PRAGMA query_only = ON');
  return db;
}

function assertSound(db: DatabaseSync): void {
  const verdict = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (verdict !== 'ok') throw Object.assign(new Error(String(verdict)), { errcode: SQLITE_CORRUPT });
}

const ATTEMPTS = 20;

/** Both files as they were at one moment: a checkpoint between the two copies would make nonsense of them. */
function copyAtRest(file: string, copy: string): void {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = stamp(file);
    copyOrNothing(file, copy);
    copyOrNothing(`${file}-wal`, `${copy}-wal`);
    if (stamp(file) === before) return;
  }
  throw new Error('it is being written to all the time; try again');
}

function copyOrNothing(from: string, to: string): void {
  rmSync(to, { force: true });
  try {
    copyFileSync(from, to);
    chmodSync(to, 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

const stamp = (file: string): string =>
  [file, `${file}-wal`]
    .map((each) => statSync(each, { bigint: true, throwIfNoEntry: false }))
    .map((stat) => (stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : 'none'))
    .join();
