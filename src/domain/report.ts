// The serialisable view of a run: what the terminal, --json, the journal and every later reader see. Not the runner's state.

import type { ErrorReport } from '../lib/errors.ts';
import type { JsonObject } from '../lib/json.ts';
import type { Outcome, OutcomeCounts, ReportedOutcome } from './outcome.ts';
import type { Weight } from './plan.ts';

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
  readonly endedAt: string;
  readonly outcome: Outcome | 'planned';
  readonly exitCode: number;
  readonly dryRun: boolean;
  readonly counts: OutcomeCounts;
  readonly warnings: readonly string[];
  readonly steps: readonly StepReport[];
}
