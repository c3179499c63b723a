// One connection to the journal's database: prepared statements, transactions that roll back, and errors that a person can
// read. It knows no table.

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { isDamage, journalFailure } from './journal-failure.ts';

/** What the journal asks of the file that it lies in. */
export interface OnDisk {
  /** Throws when what is written would be lost: the file was deleted or replaced. Called before each write. */
  readonly assertInPlace: () => void;
  /** Leaves word that the next start must check every page. */
  readonly suspectDamage: () => void;
}

export class SqliteSession {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #statements = new Map<string, StatementSync>();
  readonly #onDisk: OnDisk | null;

  /** `file` is for errors. */
  constructor(db: DatabaseSync, file: string, onDisk: OnDisk | null) {
    this.#db = db;
    this.#file = file;
    this.#onDisk = onDisk;
  }

  /** All of `work` is on disk when it returns, or nothing. */
  transaction(work: () => void): void {
    this.#attempt(() => {
      this.#onDisk?.assertInPlace();
      using _rollBack = { [Symbol.dispose]: () => this.#rollBack() };
      this.#db.exec('BEGIN IMMEDIATE');
      work();
      this.#db.exec('COMMIT');
    });
  }

  run(sql: string, values: readonly SQLInputValue[]): { lastInsertRowid: number | bigint } {
    return this.#attempt(() => {
      this.#onDisk?.assertInPlace();
      return this.#statement(sql).run(...values);
    });
  }

  all(sql: string, values: readonly SQLInputValue[]): Record<string, unknown>[] {
    return this.#attempt(() => this.#statement(sql).all(...values));
  }

  get(sql: string, values: readonly SQLInputValue[]): Record<string, unknown> | undefined {
    return this.#attempt(() => this.#statement(sql).get(...values));
  }

  close(): void {
    this.#db.close();
  }

  #rollBack(): void {
    if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  #attempt<Value>(work: () => Value): Value {
    try {
      return work();
    } catch (thrown) {
      const error: unknown = thrown instanceof SuppressedError ? thrown.suppressed : thrown;
      if (isDamage(error)) this.#onDisk?.suspectDamage();
      throw journalFailure(error, this.#file);
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
