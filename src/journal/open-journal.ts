// Opens the journal: creates it, migrates it, and moves a damaged one aside, because history is never worth a backup.

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '../lib/errors.ts';
import { bootId } from '../process/identity.ts';
import { isDamage, journalFailure, SQLITE_CORRUPT } from './journal-failure.ts';
import type { Journal } from './journal.ts';
import { SqliteJournal } from './sqlite-journal.ts';
import type { OnDisk } from './sqlite-session.ts';

const MIGRATIONS = new URL('./migrations/', import.meta.url);

export interface OpenOptions {
  /**
   * Reads every page first (a second for some hundred MB): for commands that are about to rely on it. `this-boot`: unless somebody
   * has done so since the machine was started, for what services wait for.
   */
  readonly thorough?: boolean | 'this-boot';
}

/**
 * The journal in `stateDir`, which is created (mode 0700) when it does not exist. A damaged one is renamed to
 * `journal.db.damaged-<time>` and told in `notices`. Throws `journal-unusable` when nothing can be written there.
 */
export function openJournal(stateDir: string, options: OpenOptions = {}): Journal {
  const file = join(stateDir, 'journal.db');
  const open = (notices: readonly string[]): Journal => {
    const asked = options.thorough === 'this-boot' ? !foundWhole(file) : options.thorough === true;
    const thorough = asked || existsSync(suspicion(file));
    const db = openDatabase(file, thorough);
    rmSync(suspicion(file), { force: true });
    if (thorough && !foundWhole(file)) writeFileSync(witness(file), wholeNow(file), { mode: 0o600 });
    return new SqliteJournal(db, file, notices, onDisk(file));
  };
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const before = identityOf(file);
    try {
      return open([]);
    } catch (error) {
      if (!isDamage(error)) throw error;
      const aside = moveAside(file, before);
      if (aside === null) return open([]); // another process was faster
      return open([`the journal was damaged and is now ${aside}; history starts anew, backups are not affected`]);
    }
  } catch (error) {
    throw journalFailure(error, file);
  }
}

/** Lies beside a journal in which damage was met, until the next start has checked every page. */
const suspicion = (file: string): string => `${file}.suspect`;

/** Beside it: which file was found whole, in which boot. What breaks a journal is mostly what ends a machine. */
const witness = (file: string): string => `${file}.whole`;
const wholeNow = (file: string): string => `${bootId()} ${identityOf(file)}\n`;

function foundWhole(file: string): boolean {
  try {
    return readFileSync(witness(file), 'utf8') === wholeNow(file);
  } catch {
    return false; // then it is looked at
  }
}

function onDisk(file: string): OnDisk {
  const opened = identityOf(file);
  return {
    assertInPlace: () => {
      if (identityOf(file) !== opened) throw new Error(`${file} was deleted or replaced while it was in use`);
    },
    suspectDamage: () => {
      try {
        writeFileSync(suspicion(file), '');
      } catch {
        // The damage itself is about to be told; that it cannot be noted down changes nothing for whoever reads that.
      }
    },
  };
}

/** Which file is there; null when there is none. */
function identityOf(file: string): string | null {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.dev}:${stat.ino}` : null;
}

/** A journal that lives as long as the process: for restoring on a machine where nothing can be kept. */
export function openTransientJournal(): Journal {
  const db = new DatabaseSync(':memory:');
  migrate(db);
  return new SqliteJournal(db, ':memory:', []);
}

/** What hooks and tools said is in it. SQLite gives -wal and -shm the same mode. */
function makePrivately(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch {
    // it is there, or it cannot be made, which SQLite tells
  }
}

/** Opens, creates or migrates the database. Throws what SQLite throws. */
export function openDatabase(file: string, thorough: boolean): DatabaseSync {
  makePrivately(file);
  const db = new DatabaseSync(file, { timeout: 15_000 });
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    if (thorough) {
      const verdict = db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
      if (verdict !== 'ok') throw Object.assign(new Error(String(verdict)), { errcode: SQLITE_CORRUPT });
    }
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The number of migrations that made it what it is; 0 for a database of nobody. */
export const formatOf = (db: DatabaseSync): number => Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);

/** The format that this Holdfast writes. */
export const newestFormat = (): number => readdirSync(MIGRATIONS).length;

/** Numbered SQL files, each applied once, together with its number. */
function migrate(db: DatabaseSync): void {
  const files = readdirSync(MIGRATIONS).toSorted();
  const newest = files.length;
  if (formatOf(db) > newest) {
    throw new HoldfastError({
      code: 'journal-unusable',
      operation: 'open',
      subject: 'the journal',
      message: `it was written by a newer Holdfast (format ${formatOf(db)}, this one knows ${newest})`,
      hint: 'Use the newer Holdfast on this host, or point --state-dir somewhere else.',
    });
  }
  for (const [index, name] of files.entries()) {
    if (formatOf(db) > index) continue;
    db.exec('BEGIN IMMEDIATE');
    if (formatOf(db) === index)
      db.exec(`${readFileSync(new URL(name, MIGRATIONS), 'utf8')};PRAGMA user_version = ${index + 1}`);
    db.exec('COMMIT');
  }
}

/** Null when `file` is no longer the one that was found damaged. */
function moveAside(file: string, damaged: string | null): string | null {
  using _alone = oneAtATime(`${file}.moving`); // whoever comes second would move the new one
  if (identityOf(file) !== damaged) return null;
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '')}`;
  const companions = ['-wal', '-shm'].map((suffix) => ({ suffix, identity: identityOf(file + suffix) }));
  renameSync(file, aside);
  for (const { suffix, identity } of companions) {
    // another process may have begun the new journal, with companions of its own
    if (identity !== null && identityOf(file + suffix) === identity) renameSync(file + suffix, aside + suffix);
  }
  return aside;
}

/** A lock that ends with its holder however that ends: SQLite's own on a file with nothing in it. */
function oneAtATime(file: string): Disposable {
  makePrivately(file);
  using held = new DisposableStack();
  const lock = new DatabaseSync(file, { timeout: 15_000 });
  held.defer(() => lock.close());
  lock.exec('BEGIN EXCLUSIVE');
  return held.move();
}
