// The journal's rows as types. The tables are STRICT and only Holdfast writes them, so a row of the wrong shape is damage
// (or a bug) and is told as such; JSON columns hold what JSON.stringify made of the very type that is read back.

import type { EvidenceKind } from '../domain/evidence.ts';
import { elapsed, formatInstant, type Instant, parseInstant } from '../domain/instant.ts';
import { OUTCOMES, type ReportedOutcome } from '../domain/outcome.ts';
import type { Weight } from '../domain/plan.ts';
import { buildReport, type Report, type StepReport } from '../domain/report.ts';
import { type ErrorReport, HoldfastError } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import type { ProcessIdentity } from '../process/identity.ts';
import type { EndedRun, KeptEffect, RecordedEvidence, StepEnd, UnsettledEffect } from './journal.ts';

type Row = Readonly<Record<string, unknown>>;

export interface RunRow {
  readonly id: string;
  readonly kind: string;
  readonly host: string;
  readonly process: ProcessIdentity;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  readonly outcome: ReportedOutcome;
  readonly exitCode: number;
  readonly warnings: readonly string[];
}

export const runRow = (row: Row): RunRow => ({
  id: text(row, 'id'),
  kind: text(row, 'kind'),
  host: text(row, 'host'),
  process: json<ProcessIdentity>(row, 'process'),
  startedAt: integer(row, 'started_at') as Instant, // the column's unit is the type's
  endedAt: optional(row, 'ended_at', integer) as Instant | null,
  outcome: outcome(row),
  exitCode: optional(row, 'exit_code', integer) ?? 0,
  warnings: json<string[]>(row, 'warnings'),
});

export const endedRunRow = (row: Row): EndedRun => ({
  id: text(row, 'id'),
  kind: text(row, 'kind'),
  outcome: outcome(row),
  exitCode: optional(row, 'exit_code', integer) ?? 0,
  startedAt: integer(row, 'started_at') as Instant, // the column's unit is the type's
  endedAt: integer(row, 'ended_at') as Instant,
});

export const stepRow = (row: Row): StepReport => {
  const { outcome: came, reason, startedAt, endedAt, error, result } = stepEndRow(row);
  return {
    id: text(row, 'id'),
    title: text(row, 'title'),
    stage: optional(row, 'stage', text),
    service: optional(row, 'service', text),
    repository: optional(row, 'repository', text),
    weight: text(row, 'weight') as Weight, // written from a Weight
    outcome: came,
    reason,
    startedAt: startedAt === null ? null : formatInstant(startedAt),
    endedAt: endedAt === null ? null : formatInstant(endedAt),
    durationSeconds: startedAt === null || endedAt === null ? null : elapsed(startedAt, endedAt) / 1000,
    error,
    warnings: json<string[]>(row, 'warnings'),
    result,
  };
};

export const stepEndRow = (row: Row): StepEnd => ({
  runId: text(row, 'run_id'),
  outcome: outcome(row),
  reason: optional(row, 'reason', text),
  startedAt: optional(row, 'started_at', instant),
  endedAt: optional(row, 'ended_at', instant),
  error: optional(row, 'error', json<ErrorReport>),
  result: optional(row, 'result', json<JsonObject>),
});

export const effectRow = (row: Row): UnsettledEffect => ({
  id: integer(row, 'id'),
  stepId: text(row, 'step_id'),
  kind: text(row, 'kind'),
  payload: json<JsonObject>(row, 'payload'),
});

export const keptEffectRow = (row: Row): KeptEffect => ({
  ...effectRow(row),
  runId: text(row, 'run_id'),
  keptAt: integer(row, 'kept_at') as Instant,
});

export const evidenceRow = (row: Row): RecordedEvidence => ({
  kind: text(row, 'kind') as EvidenceKind, // written from an EvidenceKind
  service: text(row, 'service'),
  repository: text(row, 'repository'),
  ...factOfRow(row),
});

/** Without what it was asked by. */
export const factOfRow = (row: Row): Omit<RecordedEvidence, 'kind' | 'service' | 'repository'> => ({
  runId: text(row, 'run_id'),
  snapshotId: text(row, 'snapshot_id'),
  at: integer(row, 'at') as Instant,
  complete: integer(row, 'complete') === 1,
  detail: json<JsonObject>(row, 'detail'),
});

export const reportOf = (run: RunRow, steps: readonly StepReport[]): Report => buildReport({ ...run, steps });

/** The column value of a report's time. */
export const millisecondsOf = (at: string | null): number | null => (at === null ? null : parseInstant(at));

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw damaged(column);
  return value;
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw damaged(column);
  return value;
}

/** The column's unit is the type's. */
export const instant = (row: Row, column: string): Instant => integer(row, column) as Instant;

export function json<Value>(row: Row, column: string): Value {
  try {
    return JSON.parse(text(row, column)) as Value; // see the module's first lines
  } catch (error) {
    throw error instanceof SyntaxError ? damaged(column) : error;
  }
}

export const optional = <Value>(row: Row, column: string, read: (row: Row, column: string) => Value): Value | null =>
  row[column] === null || row[column] === undefined ? null : read(row, column);

function outcome(row: Row): ReportedOutcome {
  const value = row['outcome'];
  return OUTCOMES.find((known) => known === value) ?? 'running';
}

const damaged = (column: string): HoldfastError =>
  new HoldfastError({
    code: 'journal-unusable',
    operation: 'read the journal',
    subject: column,
    message: 'the journal holds something that Holdfast did not write',
    hint: 'Move journal.db aside: history starts anew, no backup is touched.',
  });
