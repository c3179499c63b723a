// The SQLite database of the demo: notes, each with a sequence number and a checksum that covers the one before it, so that a
// restored copy proves by itself that it is a gapless prefix of what was written. A program of its own keeps writing.

import { createHash, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { duration } from '../../domain/duration.ts';
import { errnoOf } from '../../lib/errors.ts';

/** Notes that exist before anybody looks. */
const FIRST_NOTES = 1000;
const PAUSE = duration(4, 'ms');
const WORDS = (
  'call bread garden Tuesday invoice bicycle recipe key mountain window letter train coffee school roof harbour ' +
  'birthday ticket engine river battery lamp winter passport'
).split(' ');

/** Writes a note in a transaction of its own, again and again, until `signal` aborts; tells each number once committed. */
export async function writeNotes(file: string, tell: (committed: number) => void, signal: AbortSignal): Promise<void> {
  using database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  database.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, at TEXT, title TEXT, body TEXT, checksum TEXT) STRICT');
  const insert = database.prepare('INSERT INTO notes VALUES (?, ?, ?, ?, ?)');
  let id = 0;
  let checksum = '';
  const write = (): void => {
    id += 1;
    const at = new Date().toISOString();
    const title = words(3);
    const body = words(randomInt(20, 80));
    checksum = checksumOf(checksum, id, at, title, body);
    insert.run(id, at, title, body, checksum);
  };
  database.exec('BEGIN');
  for (let note = 0; note < FIRST_NOTES; note += 1) write();
  database.exec('COMMIT');
  while (!signal.aborted) {
    write();
    tell(id);
    await delay(PAUSE, null, { signal }).catch(() => {}); // oxlint-disable-line no-await-in-loop -- one note after the other
  }
}

const words = (count: number): string => Array.from({ length: count }, () => WORDS[randomInt(WORDS.length)]).join(' ');

const checksumOf = (before: string, ...fields: readonly unknown[]): string =>
  createHash('sha256')
    .update(JSON.stringify([before, ...fields]))
    .digest('hex');

/** The checksums of every note, in order: what a copy is compared with. */
export function checksumsOf(file: string): string[] {
  using database = new DatabaseSync(file);
  return database
    .prepare('SELECT checksum FROM notes ORDER BY id')
    .all()
    .map((row) => String(row['checksum']));
}

export interface NotesExpected {
  /** The checksums of everything that was ever committed. */
  readonly committed: readonly string[];
  /** What was committed before the backup began: a copy that has less has lost something. */
  readonly atLeast: number;
}

export interface NotesFound {
  readonly rows: number;
  /** Sentences; none when the copy is sound. */
  readonly differences: readonly string[];
}

/** Looks at a copy without leaving anything beside it. */
export function examineNotes(file: string, { committed, atLeast }: NotesExpected): NotesFound {
  try {
    const url = pathToFileURL(file);
    url.searchParams.set('immutable', '1');
    using database = new DatabaseSync(url, { readOnly: true });
    const integrity = database.prepare('PRAGMA integrity_check').all();
    const differences = integrity
      .map((row) => String(row['integrity_check']))
      .filter((line) => line !== 'ok')
      .map((line) => `integrity_check: ${line}`);
    const rows = database.prepare('SELECT id, at, title, body, checksum FROM notes ORDER BY id').all();
    let before = '';
    for (const [index, { id, at, title, body, checksum }] of rows.entries()) {
      if (id !== index + 1) differences.push(`after note ${index} comes note ${String(id)}`);
      else if (checksum !== checksumOf(before, id, at, title, body))
        differences.push(`note ${id} does not match its checksum`);
      else if (checksum !== committed[index]) differences.push(`note ${id} is not the one that was committed`);
      if (differences.length > 0) break; // everything after it differs too
      before = String(checksum);
    }
    if (rows.length < atLeast) differences.push(`${rows.length} notes, and ${atLeast} were committed before the backup`);
    return { rows: rows.length, differences };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error; // SQLite's own errors have a code
    return { rows: 0, differences: [`it cannot be read: ${error instanceof Error ? error.message : String(error)}`] };
  }
}
