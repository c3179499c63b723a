// The journal on SQLite. Rows in, reports out; opening, repairing and migrating is open-journal.ts.

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { Evidence } from '../domain/evidence.ts';
import type { Instant } from '../domain/instant.ts';
import type { Plan } from '../domain/plan.ts';
import type { Report, StepReport } from '../domain/report.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { JsonObject } from '../lib/json.ts';
import type { ProcessIdentity } from '../process/identity.ts';
import type { EvidenceFilter, Journal, KeptEffect, RecordedEvidence, RecordedStep, UnfinishedRun } from './journal.ts';
import { isDamage, journalFailure } from './journal-failure.ts';
import { effectRow, evidenceRow, keptEffectRow, millisecondsOf, reportOf, type RunRow, runRow, stepRow } from './rows.ts';

/** What the journal asks of the file that it lies in. */
export interface OnDisk {
  /** Throws when what is written would be lost: the file was deleted or replaced. Called before each write. */
  readonly assertInPlace: () => void;
  /** Leaves word that the next start must check every page. */
  readonly suspectDamage: () => void;
}

export class SqliteJournal implements Journal {
  readonly notices: readonly string[];
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #statements = new Map<string, StatementSync>();
  readonly #onDisk: OnDisk | null;

  /** `file` is for errors. */
  constructor(db: DatabaseSync, file: string, notices: readonly string[], onDisk: OnDisk | null = null) {
    this.#db = db;
    this.#file = file;
    this.notices = notices;
    this.#onDisk = onDisk;
  }

  openRun(run: { id: string; plan: Plan; startedAt: Instant; process: ProcessIdentity }): void {
    const { plan } = run;
    this.#transaction(() => {
      this.#run('INSERT INTO runs (id, kind, host, process, started_at, warnings) VALUES (?, ?, ?, ?, ?, ?)', [
        run.id,
        plan.kind,
        plan.host,
        JSON.stringify(run.process),
        run.startedAt,
        JSON.stringify(plan.warnings ?? []),
      ]);
      for (const [position, step] of plan.steps.entries()) {
        this.#run(
          'INSERT INTO steps (run_id, position, id, title, stage, service, repository, weight) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
          [
            run.id,
            position,
            step.id,
            step.title,
            step.stage ?? null,
            step.service ?? null,
            step.repository ?? null,
            step.weight,
          ],
        );
      }
    });
  }

  startStep(runId: string, stepId: string, at: Instant): void {
    this.#run('UPDATE steps SET started_at = ? WHERE run_id = ? AND id = ?', [at, runId, stepId]);
  }

  endStep(runId: string, step: StepReport, evidence: readonly Evidence[]): void {
    this.#transaction(() => {
      this.#run(
        `UPDATE steps SET started_at = ?, ended_at = ?, outcome = ?, reason = ?, error = ?, warnings = ?, result = ?
         WHERE run_id = ? AND id = ?`,
        [
          millisecondsOf(step.startedAt),
          millisecondsOf(step.endedAt),
          step.outcome,
          step.reason,
          step.error && JSON.stringify(step.error),
          JSON.stringify(step.warnings),
          step.result && JSON.stringify(step.result),
          runId,
          step.id,
        ],
      );
      for (const fact of evidence) this.#insertEvidence(runId, fact);
    });
  }

  endRun(runId: string, verdict: Verdict, at: Instant): void {
    this.#run('UPDATE runs SET ended_at = ?, outcome = ?, exit_code = ? WHERE id = ?', [
      at,
      verdict.outcome,
      verdict.exitCode,
      runId,
    ]);
  }

  intendEffect(effect: { runId: string; stepId: string; kind: string; payload: JsonObject; at: Instant }): number {
    const { lastInsertRowid } = this.#run(
      'INSERT INTO effects (run_id, step_id, kind, payload, intended_at) VALUES (?, ?, ?, ?, ?)',
      [effect.runId, effect.stepId, effect.kind, JSON.stringify(effect.payload), effect.at],
    );
    return Number(lastInsertRowid);
  }

  settleEffect(id: number, at: Instant): void {
    this.#run('UPDATE effects SET settled_at = ? WHERE id = ?', [at, id]);
  }

  keepEffect(id: number, at: Instant): void {
    this.#run('UPDATE effects SET kept_at = ? WHERE id = ?', [at, id]);
  }

  keptEffects(kind: string): readonly KeptEffect[] {
    return this.#all(
      'SELECT * FROM effects WHERE kind = ? AND kept_at IS NOT NULL AND settled_at IS NULL ORDER BY id DESC',
      [kind],
    ).map((row) => keptEffectRow(row));
  }

  unfinishedRuns(): readonly UnfinishedRun[] {
    const runs = this.#all(
      `SELECT * FROM runs WHERE outcome IS NULL OR id IN (SELECT run_id FROM effects WHERE settled_at IS NULL AND kept_at IS NULL)
       ORDER BY started_at`,
      [],
    ).map((row) => runRow(row));
    return runs.map((run) => ({
      id: run.id,
      kind: run.kind,
      startedAt: run.startedAt,
      process: run.process,
      effects: this.#all(
        'SELECT * FROM effects WHERE run_id = ? AND settled_at IS NULL AND kept_at IS NULL ORDER BY id DESC',
        [run.id],
      ).map((row) => effectRow(row)),
    }));
  }

  abandonRun(runId: string, reason: string, at: Instant): void {
    this.#transaction(() => {
      this.#run("UPDATE steps SET outcome = 'interrupted', reason = ?, ended_at = ? WHERE run_id = ? AND outcome IS NULL", [
        reason,
        at,
        runId,
      ]);
      this.#run("UPDATE runs SET outcome = 'interrupted', exit_code = 2, ended_at = ? WHERE id = ? AND outcome IS NULL", [
        at,
        runId,
      ]);
    });
  }

  recordEvidence(runId: string, evidence: Evidence): void {
    this.#insertEvidence(runId, evidence);
  }

  evidence(filter: EvidenceFilter): readonly RecordedEvidence[] {
    const conditions = ['service = ?', 'kind = ?'];
    const values: SQLInputValue[] = [filter.service, filter.kind];
    const where = (condition: string, value: SQLInputValue | undefined): void => {
      if (value === undefined) return;
      conditions.push(condition);
      values.push(value);
    };
    where('repository = ?', filter.repository);
    where('complete = ?', filter.complete === undefined ? undefined : Number(filter.complete));
    where('snapshot_id = ?', filter.snapshotId);
    return this.#all(`SELECT * FROM evidence WHERE ${conditions.join(' AND ')} ORDER BY at DESC, id DESC LIMIT ?`, [
      ...values,
      filter.limit,
    ]).map((row) => evidenceRow(row));
  }

  latestStep(stepId: string, which: 'ended' | 'done' = 'ended'): RecordedStep | null {
    const done = which === 'done' ? "AND outcome NOT IN ('skipped', 'blocked')" : '';
    const row = this.#get(`SELECT * FROM steps WHERE id = ? AND outcome IS NOT NULL ${done} ORDER BY run_id DESC LIMIT 1`, [
      stepId,
    ]);
    return row ? stepRow(row) : null;
  }

  runs(filter: { limit: number; service?: string }): readonly Report[] {
    const rows =
      filter.service === undefined
        ? this.#all('SELECT * FROM runs ORDER BY id DESC LIMIT ?', [filter.limit])
        : this.#all(
            `SELECT * FROM runs WHERE id IN (SELECT DISTINCT run_id FROM steps WHERE service = ? ORDER BY run_id DESC LIMIT ?)
             ORDER BY id DESC`,
            [filter.service, filter.limit],
          );
    return rows.map((row) => this.#report(runRow(row)));
  }

  newestRunId(): string | null {
    const id = this.#get('SELECT max(id) AS id FROM runs', [])?.['id'];
    return typeof id === 'string' ? id : null;
  }

  run(id: string): Report | null {
    if (id.length < 6) return null;
    const rows = this.#all('SELECT * FROM runs WHERE id >= ? AND id < ? LIMIT 2', [
      id.toUpperCase(),
      `${id.toUpperCase()}~`,
    ]);
    const [only] = rows;
    return only && rows.length === 1 ? this.#report(runRow(only)) : null;
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #report(run: RunRow): Report {
    const steps = this.#all('SELECT * FROM steps WHERE run_id = ? ORDER BY position', [run.id]);
    return reportOf(
      run,
      steps.map((row) => stepRow(row)),
    );
  }

  #insertEvidence(runId: string, fact: Evidence): void {
    this.#run(
      'INSERT INTO evidence (kind, service, repository, run_id, snapshot_id, at, complete, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      [
        fact.kind,
        fact.service,
        fact.repository,
        runId,
        fact.snapshotId,
        fact.at,
        Number(fact.complete),
        JSON.stringify(fact.detail),
      ],
    );
  }

  #transaction(work: () => void): void {
    this.#attempt(() => {
      this.#onDisk?.assertInPlace();
      using _rollBack = { [Symbol.dispose]: () => this.#rollBack() };
      this.#db.exec('BEGIN IMMEDIATE');
      work();
      this.#db.exec('COMMIT');
    });
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

  #run(sql: string, values: readonly SQLInputValue[]): { lastInsertRowid: number | bigint } {
    return this.#attempt(() => {
      this.#onDisk?.assertInPlace();
      return this.#statement(sql).run(...values);
    });
  }

  #all(sql: string, values: readonly SQLInputValue[]): Record<string, unknown>[] {
    return this.#attempt(() => this.#statement(sql).all(...values));
  }

  #get(sql: string, values: readonly SQLInputValue[]): Record<string, unknown> | undefined {
    return this.#attempt(() => this.#statement(sql).get(...values));
  }
}
