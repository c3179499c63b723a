// The journal on SQLite. Rows in, reports out; opening, repairing and migrating is open-journal.ts. One file, because its statements
// are about one schema.

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Evidence } from '../domain/evidence.ts';
import type { Instant } from '../domain/instant.ts';
import type { Plan } from '../domain/plan.ts';
import type { Report, StepReport } from '../domain/report.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { JsonObject } from '../lib/json.ts';
import type { ProcessIdentity } from '../process/identity.ts';
import type {
  EndedRun,
  EvidenceFilter,
  EvidenceKindFilter,
  EvidenceSubject,
  Journal,
  KeptEffect,
  RecordedEvidence,
  StepEnd,
  UnfinishedRun,
} from './journal.ts';
import type { NotificationStore } from './notification-store.ts';
import {
  effectRow,
  endedRunRow,
  evidenceRow,
  factOfRow,
  keptEffectRow,
  millisecondsOf,
  reportOf,
  type RunRow,
  runRow,
  stepEndRow,
  stepRow,
} from './rows.ts';
import { SqliteNotifications } from './sqlite-notifications.ts';
import { type OnDisk, SqliteSession } from './sqlite-session.ts';

export class SqliteJournal implements Journal {
  readonly notices: readonly string[];
  readonly notifications: NotificationStore;
  readonly #session: SqliteSession;

  /** `file` is for errors. */
  constructor(db: DatabaseSync, file: string, notices: readonly string[], onDisk: OnDisk | null = null) {
    this.#session = new SqliteSession(db, file, onDisk);
    this.notices = notices;
    this.notifications = new SqliteNotifications(this.#session);
  }

  openRun(run: { id: string; plan: Plan; startedAt: Instant; process: ProcessIdentity }): void {
    const { plan } = run;
    this.#session.transaction(() => {
      this.#session.run('INSERT INTO runs (id, kind, host, process, started_at, warnings) VALUES (?, ?, ?, ?, ?, ?)', [
        run.id,
        plan.kind,
        plan.host,
        JSON.stringify(run.process),
        run.startedAt,
        JSON.stringify(plan.warnings ?? []),
      ]);
      for (const [position, step] of plan.steps.entries()) {
        this.#session.run(
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
    this.#session.run('UPDATE steps SET started_at = ? WHERE run_id = ? AND id = ?', [at, runId, stepId]);
  }

  endStep(runId: string, step: StepReport, evidence: readonly Evidence[]): void {
    this.#session.transaction(() => {
      this.#session.run(
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
    this.#session.run('UPDATE runs SET ended_at = ?, outcome = ?, exit_code = ? WHERE id = ?', [
      at,
      verdict.outcome,
      verdict.exitCode,
      runId,
    ]);
  }

  intendEffect(effect: { runId: string; stepId: string; kind: string; payload: JsonObject; at: Instant }): number {
    const { lastInsertRowid } = this.#session.run(
      'INSERT INTO effects (run_id, step_id, kind, payload, intended_at) VALUES (?, ?, ?, ?, ?)',
      [effect.runId, effect.stepId, effect.kind, JSON.stringify(effect.payload), effect.at],
    );
    return Number(lastInsertRowid);
  }

  settleEffect(id: number, at: Instant): void {
    this.#session.run('UPDATE effects SET settled_at = ? WHERE id = ?', [at, id]);
  }

  keepEffect(id: number, at: Instant): void {
    this.#session.run('UPDATE effects SET kept_at = ? WHERE id = ?', [at, id]);
  }

  keptEffects(kind: string): readonly KeptEffect[] {
    return this.#session
      .all('SELECT * FROM effects WHERE kind = ? AND kept_at IS NOT NULL AND settled_at IS NULL ORDER BY id DESC', [kind])
      .map((row) => keptEffectRow(row));
  }

  unfinishedRuns(): readonly UnfinishedRun[] {
    const runs = this.#session
      .all(
        // not OR, nor UNION: by these every run that ever was would be read
        `SELECT * FROM runs WHERE id IN (SELECT id FROM runs WHERE outcome IS NULL
         UNION ALL SELECT run_id FROM effects WHERE settled_at IS NULL AND kept_at IS NULL)
       ORDER BY started_at`,
        [],
      )
      .map((row) => runRow(row));
    return runs.map((run) => ({
      id: run.id,
      kind: run.kind,
      startedAt: run.startedAt,
      process: run.process,
      effects: this.#session
        .all('SELECT * FROM effects WHERE run_id = ? AND settled_at IS NULL AND kept_at IS NULL ORDER BY id DESC', [run.id])
        .map((row) => effectRow(row)),
    }));
  }

  abandonRun(runId: string, reason: string, at: Instant): void {
    this.#session.transaction(() => {
      this.#session.run(
        "UPDATE steps SET outcome = 'interrupted', reason = ?, ended_at = ? WHERE run_id = ? AND outcome IS NULL",
        [reason, at, runId],
      );
      this.#session.run(
        "UPDATE runs SET outcome = 'interrupted', exit_code = 2, ended_at = ? WHERE id = ? AND outcome IS NULL",
        [at, runId],
      );
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
    return this.#session
      .all(`SELECT * FROM evidence WHERE ${conditions.join(' AND ')} ORDER BY at DESC, id DESC LIMIT ?`, [
        ...values,
        filter.limit,
      ])
      .map((row) => evidenceRow(row));
  }

  evidenceOfEach(
    jobs: readonly EvidenceSubject[],
    { kind, complete, limit }: EvidenceKindFilter,
  ): readonly (readonly RecordedEvidence[])[] {
    const answers: RecordedEvidence[][] = jobs.map(() => []);
    const snapshot = jobs[0]?.snapshotId === undefined ? '' : 'AND snapshot_id = job.value->>2';
    const rows = this.#session.all(
      `SELECT job.key AS job, found.run_id, found.snapshot_id, found.at, found.complete, found.detail FROM json_each(?) AS job CROSS JOIN evidence AS found ON found.id ${limit === 1 ? '=' : 'IN'} (
         SELECT id FROM evidence WHERE service = job.value->>0 AND repository = job.value->>1 ${snapshot}
         AND kind = ? ${complete === undefined ? '' : 'AND complete = ?'} ORDER BY at DESC, id DESC LIMIT ?)
       ${limit > 1 ? 'ORDER BY job.id, found.at DESC, found.id DESC' : ''}`,
      [
        JSON.stringify(jobs.map(({ service, repository, snapshotId }) => [service, repository, snapshotId])),
        kind,
        ...(complete === undefined ? [] : [Number(complete)]),
        limit,
      ],
    );
    for (const row of rows) {
      const index = Number(row['job']);
      const job = jobs[index];
      if (job) answers[index]?.push({ kind, service: job.service, repository: job.repository, ...factOfRow(row) });
    }
    return answers;
  }

  latestStep(stepId: string, which: 'ended' | 'done' = 'ended'): StepEnd | null {
    const done = which === 'done' ? "AND outcome NOT IN ('skipped', 'blocked')" : '';
    const row = this.#session.get(
      `SELECT * FROM steps WHERE id = ? AND outcome IS NOT NULL ${done} ORDER BY run_id DESC LIMIT 1`,
      [stepId],
    );
    return row ? stepEndRow(row) : null;
  }

  latestSteps(stepIds: readonly string[]): readonly (StepEnd | null)[] {
    const answers: (StepEnd | null)[] = stepIds.map(() => null);
    const rows = this.#session.all(
      `SELECT wanted.key AS wanted, found.run_id, found.started_at, found.ended_at, found.outcome, found.reason, found.error, found.result
       FROM json_each(?) AS wanted CROSS JOIN steps AS found
       ON found.id = wanted.value AND found.run_id = (
         SELECT run_id FROM steps WHERE id = wanted.value AND outcome IS NOT NULL ORDER BY run_id DESC LIMIT 1)`,
      [JSON.stringify(stepIds)],
    );
    for (const row of rows) answers[Number(row['wanted'])] = stepEndRow(row);
    return answers;
  }

  latestRuns(): readonly EndedRun[] {
    return this.#session
      .all(
        `WITH RECURSIVE kinds (kind) AS (
         SELECT min(kind) FROM runs
         UNION ALL SELECT (SELECT min(kind) FROM runs WHERE kind > kinds.kind) FROM kinds WHERE kinds.kind IS NOT NULL)
       SELECT runs.* FROM kinds CROSS JOIN runs ON runs.id = (
         SELECT id FROM runs WHERE kind = kinds.kind AND outcome IS NOT NULL ORDER BY id DESC LIMIT 1)`,
        [],
      )
      .map((row) => endedRunRow(row));
  }

  runs(filter: { limit: number; service?: string }): readonly Report[] {
    const rows =
      filter.service === undefined
        ? this.#session.all('SELECT * FROM runs ORDER BY id DESC LIMIT ?', [filter.limit])
        : this.#session.all(
            `SELECT * FROM runs WHERE id IN (SELECT DISTINCT run_id FROM steps WHERE service = ? ORDER BY run_id DESC LIMIT ?)
             ORDER BY id DESC`,
            [filter.service, filter.limit],
          );
    return rows.map((row) => this.#report(runRow(row)));
  }

  untoldRuns(since: Instant): readonly Report[] {
    return this.#session
      .all('SELECT * FROM runs WHERE told_at IS NULL AND (ended_at IS NULL OR ended_at >= ?) ORDER BY id', [since])
      .map((row) => this.#report(runRow(row)));
  }

  newestRunId(): string | null {
    const id = this.#session.get('SELECT max(id) AS id FROM runs', [])?.['id'];
    return typeof id === 'string' ? id : null;
  }

  run(id: string): Report | null {
    if (id.length < 6) return null;
    const rows = this.#session.all('SELECT * FROM runs WHERE id >= ? AND id < ? LIMIT 2', [
      id.toUpperCase(),
      `${id.toUpperCase()}~`,
    ]);
    const [only] = rows;
    return only && rows.length === 1 ? this.#report(runRow(only)) : null;
  }

  [Symbol.dispose](): void {
    this.#session.close();
  }

  #report(run: RunRow): Report {
    const steps = this.#session.all('SELECT * FROM steps WHERE run_id = ? ORDER BY position', [run.id]);
    return reportOf(
      run,
      steps.map((row) => stepRow(row)),
    );
  }

  #insertEvidence(runId: string, fact: Evidence): void {
    this.#session.run(
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
}
