// The serialisable view of a run: what the terminal, --json, the journal and every later reader see. Not the runner's state.

import type { ErrorReport } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import { formatInstant, type Instant } from './instant.ts';
import { countOutcomes, type OutcomeCounts, type ReportedOutcome } from './outcome.ts';
import type { Step, Weight } from './plan.ts';

export interface StepReport {
  readonly id: string;
  readonly title: string;
  readonly stage: string | null;
  readonly service: string | null;
  readonly repository: string | null;
  readonly weight: Weight;
  readonly outcome: ReportedOutcome;
  readonly reason: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationSeconds: number | null;
  readonly error: ErrorReport | null;
  readonly warnings: readonly string[];
  readonly result: JsonObject | null;
}

export interface Report {
  readonly schemaVersion: 1;
  readonly kind: string;
  readonly id: string;
  readonly host: string;
  readonly startedAt: string;
  /** Null while it runs. */
  readonly endedAt: string | null;
  readonly outcome: ReportedOutcome;
  readonly exitCode: number;
  readonly dryRun: boolean;
  readonly counts: OutcomeCounts;
  readonly warnings: readonly string[];
  readonly steps: readonly StepReport[];
}

export interface ReportParts {
  readonly kind: string;
  readonly id: string;
  readonly host: string;
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  readonly outcome: ReportedOutcome;
  readonly exitCode: number;
  readonly warnings: readonly string[];
  readonly steps: readonly StepReport[];
}

/** The one way a report is put together, from the runner's state or from the journal's rows. */
export const buildReport = (parts: ReportParts): Report => ({
  schemaVersion: 1,
  kind: parts.kind,
  id: parts.id,
  host: parts.host,
  startedAt: formatInstant(parts.startedAt),
  endedAt: parts.endedAt === null ? null : formatInstant(parts.endedAt),
  outcome: parts.outcome,
  exitCode: parts.exitCode,
  dryRun: parts.outcome === 'planned',
  counts: countOutcomes(parts.steps.map((step) => step.outcome)),
  warnings: parts.warnings,
  steps: parts.steps,
});

/** A step that has not run: nothing is known of it but its plan. */
export const plannedStep = (step: Step): StepReport => ({
  id: step.id,
  title: step.title,
  stage: step.stage ?? null,
  service: step.service ?? null,
  repository: step.repository ?? null,
  weight: step.weight,
  outcome: 'planned',
  reason: null,
  startedAt: null,
  endedAt: null,
  durationSeconds: null,
  error: null,
  warnings: [],
  result: step.foreseen ?? null,
});
