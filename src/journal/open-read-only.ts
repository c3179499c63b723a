// The journal for whoever must change nothing, not even a file beside it: no migration, no repair, no new file.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { isDamage, journalFailure, SQLITE_CORRUPT } from './journal-failure.ts';
import type { Journal } from './journal.ts';
import { SqliteJournal } from './sqlite-journal.ts';

/**
 * The journal in `stateDir`, every page of it checked; null when there is none, or one of an older format that the next
 * command migrates. Throws `journal-unusable` when it is damaged or cannot be read.
 */
export function openJournalReadOnly(stateDir: string): Journal | null {
  const file = join(stateDir, 'journal.db');
  try {
    if (!existsSync(file)) return null;
    // Without a write-ahead log nobody uses it: SQLite then need not make its shared memory file.
    if (existsSync(`${file}-wal`)) return open(file, false);
    try {
      return open(file, true);
    } catch (error) {
      // Somebody may have begun to write between the look and the reading.
      if (isDamage(error) && existsSync(`${file}-wal`)) return open(file, false);
      throw error;
    }
  } catch (error) {
    throw journalFailure(error, stateDir);
  }
}

function open(file: string, immutable: boolean): Journal | null {
  const url = pathToFileURL(file);
  if (immutable) url.search = '?immutable=1';
  const db = new DatabaseSync(url, { readOnly: true, timeout: 5000 });
  try {
    const verdict = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (verdict !== 'ok') throw Object.assign(new Error(String(verdict)), { errcode: SQLITE_CORRUPT });
    if (Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0) > 0) return new SqliteJournal(db, []);
    db.close();
    return null;
  } catch (error) {
    if (db.isOpen) db.close();
    throw error;
  }
}
