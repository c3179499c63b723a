// Opens the journal: creates it, migrates it, and moves a damaged one aside, because history is never worth a backup.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '../lib/errors.ts';
import { isDamage, journalFailure, SQLITE_CORRUPT } from './journal-failure.ts';
import type { Journal } from './journal.ts';
import { SqliteJournal } from './sqlite-journal.ts';

const MIGRATIONS = new URL('./migrations/', import.meta.url);

export interface OpenOptions {
  /** Reads every page first (a second for some hundred MB): for commands that are about to rely on it. */
  readonly thorough?: boolean;
}

/**
 * The journal in `stateDir`, which is created (mode 0700) when it does not exist. A damaged one is renamed to
 * `journal.db.damaged-<time>` and told in `notices`. Throws `journal-unusable` when nothing can be written there.
 */
export function openJournal(stateDir: string, options: OpenOptions = {}): Journal {
  const file = join(stateDir, 'journal.db');
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    try {
      return new SqliteJournal(openDatabase(file, options), []);
    } catch (error) {
      if (!isDamage(error)) throw error;
      const aside = moveAside(file);
      return new SqliteJournal(openDatabase(file, options), [
        `the journal was damaged and is now ${aside}; history starts anew, backups are not affected`,
      ]);
    }
  } catch (error) {
    throw journalFailure(error, stateDir);
  }
}

/** A journal that lives as long as the process: for restoring on a machine where nothing can be kept. */
export function openTransientJournal(): Journal {
  const db = new DatabaseSync(':memory:');
  migrate(db);
  return new SqliteJournal(db, []);
}

function openDatabase(file: string, options: OpenOptions): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 15_000 });
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    if (options.thorough) {
      const verdict = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
      if (verdict !== 'ok') throw Object.assign(new Error(String(verdict)), { errcode: SQLITE_CORRUPT });
    }
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Numbered SQL files, each applied once, together with its number. */
function migrate(db: DatabaseSync): void {
  const version = (): number => Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  const files = readdirSync(MIGRATIONS).toSorted();
  const newest = files.length;
  if (version() > newest) {
    throw new HoldfastError({
      code: 'journal-unusable',
      operation: 'open',
      subject: 'the journal',
      message: `it was written by a newer Holdfast (format ${version()}, this one knows ${newest})`,
      hint: 'Use the newer Holdfast on this host, or point --state-dir somewhere else.',
    });
  }
  for (const [index, name] of files.entries()) {
    if (version() > index) continue;
    db.exec('BEGIN IMMEDIATE');
    if (version() === index) db.exec(`${readFileSync(new URL(name, MIGRATIONS), 'utf8')};PRAGMA user_version = ${index + 1}`);
    db.exec('COMMIT');
  }
}

function moveAside(file: string): string {
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '')}`;
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  return aside;
}
