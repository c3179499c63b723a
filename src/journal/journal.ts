// The durable record of runs, steps, effects and evidence: its contract. Several processes write to it at once. Each call
// is one transaction, on disk when it returns. Progress is never written. It holds history, never data: losing it loses
// no backup.

import type { Evidence, EvidenceKind } from '../domain/evidence.ts';
import type { Instant } from '../domain/instant.ts';
import type { Plan } from '../domain/plan.ts';
import type { Report, StepReport } from '../domain/report.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { JsonObject } from '../lib/json.ts';
import type { ProcessIdentity } from '../process/identity.ts';

export interface Journal extends Disposable {
  /** What had to be done to open it that its user should know ('the old journal was damaged and moved to ...'). */
  readonly notices: readonly string[];

  /** Records the run and all steps of its plan as not yet ended. */
  openRun(run: { id: string; plan: Plan; startedAt: Instant; process: ProcessIdentity }): void;
  startStep(runId: string, stepId: string, at: Instant): void;
  /** The outcome and the evidence that it rests on, together or not at all. */
  endStep(runId: string, step: StepReport, evidence: readonly Evidence[]): void;
  endRun(runId: string, verdict: Verdict, at: Instant): void;

  /** Intent: call before making the effect. Returns its id. */
  intendEffect(effect: { runId: string; stepId: string; kind: string; payload: JsonObject; at: Instant }): number;
  /** The effect is undone, or was never needed. */
  settleEffect(id: number, at: Instant): void;
  /** The effect is made, and outlives its run: it is nobody's leftover until `settleEffect`. */
  keepEffect(id: number, at: Instant): void;
  /** Those of that kind that were kept and are not settled, newest first. */
  keptEffects(kind: string): readonly KeptEffect[];

  /** Runs without an end, oldest first: alive, or dead and to be cleaned up. */
  unfinishedRuns(): readonly UnfinishedRun[];
  /** Ends what a dead process left open: its steps and itself become 'interrupted', with this reason. */
  abandonRun(runId: string, reason: string, at: Instant): void;

  /** A fact found outside of a step, for instance that a snapshot is gone. */
  recordEvidence(runId: string, evidence: Evidence): void;
  /** Newest first by `at`; `complete` filters. */
  evidence(filter: EvidenceFilter): readonly RecordedEvidence[];

  /**
   * The newest ended step of that id, whatever its outcome, or only of those that did something ('done': not skipped, not
   * blocked); runs of `dryRun` are never recorded.
   */
  latestStep(stepId: string, which?: 'ended' | 'done'): RecordedStep | null;
  /** Newest first. */
  runs(filter: { limit: number; service?: string }): readonly Report[];
  /** The id that sorts last, so that a run started after a clock was set back still gets a later one. */
  newestRunId(): string | null;
  /** By id or unique prefix of at least six characters; null when there is none. */
  run(id: string): Report | null;
}

export interface EvidenceFilter {
  readonly service: string;
  readonly repository?: string;
  readonly kind: EvidenceKind;
  readonly complete?: boolean;
  readonly snapshotId?: string;
  readonly limit: number;
}

export interface RecordedEvidence extends Evidence {
  readonly runId: string;
}

export interface RecordedStep extends StepReport {
  readonly runId: string;
}

export interface UnfinishedRun {
  readonly id: string;
  readonly kind: string;
  readonly startedAt: Instant;
  readonly process: ProcessIdentity;
  /** Newest first: the order in which they are undone. */
  readonly effects: readonly UnsettledEffect[];
}

export interface KeptEffect extends UnsettledEffect {
  readonly runId: string;
  readonly keptAt: Instant;
}

export interface UnsettledEffect {
  readonly id: number;
  readonly stepId: string;
  readonly kind: string;
  readonly payload: JsonObject;
}
