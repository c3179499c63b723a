// The durable record of runs, steps, effects and evidence: its contract. Several processes write to it at once. Each call
// is one transaction, on disk when it returns. Progress is never written. It holds history, never data: losing it loses
// no backup.

import type { Evidence, EvidenceKind } from '../domain/evidence.ts';
import type { Instant } from '../domain/instant.ts';
import type { ReportedOutcome } from '../domain/outcome.ts';
import type { Plan } from '../domain/plan.ts';
import type { Report, StepReport } from '../domain/report.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { JsonObject } from '../lib/json.ts';
import type { ProcessIdentity } from '../process/identity.ts';
import type { NotificationStore } from './notification-store.ts';

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

  /** A fact that does not rest on a step's outcome, for instance that a snapshot is gone. */
  recordEvidence(runId: string, evidence: Evidence): void;
  /** Newest first by `at`; `complete` filters. */
  evidence(filter: EvidenceFilter): readonly RecordedEvidence[];
  /** What `evidence` answers for each of the jobs, in their order: one query, however many there are. */
  evidenceOfEach(jobs: readonly EvidenceSubject[], filter: EvidenceKindFilter): readonly (readonly RecordedEvidence[])[];

  /**
   * The newest ended step of that id, whatever its outcome, or only of those that did something ('done': not skipped, not
   * blocked); runs of `dryRun` are never recorded.
   */
  latestStep(stepId: string, which?: 'ended' | 'done'): StepEnd | null;
  /** What `latestStep` answers for each of them, in their order: one query, however many there are. */
  latestSteps(stepIds: readonly string[]): readonly (StepEnd | null)[];
  /** The newest run of each kind that has ended. */
  latestRuns(): readonly EndedRun[];
  /** Newest first. */
  runs(filter: { limit: number; service?: string }): readonly Report[];
  /**
   * Those of which `notifications.record` has not said that they were told, oldest first: that ended after `since`, and all that
   * have no end, be they running or dead.
   */
  untoldRuns(since: Instant): readonly Report[];
  /** What is to be told of all this, and to whom. */
  readonly notifications: NotificationStore;
  /** The id that sorts last, so that a run started after a clock was set back still gets a later one. */
  newestRunId(): string | null;
  /** By id or unique prefix of at least six characters; null when there is none. */
  run(id: string): Report | null;
}

export interface EvidenceFilter extends EvidenceKindFilter {
  readonly service: string;
  readonly repository?: string;
  readonly snapshotId?: string;
}

export interface EvidenceKindFilter {
  readonly kind: EvidenceKind;
  readonly complete?: boolean;
  readonly limit: number;
}

export interface EvidenceSubject {
  readonly service: string;
  readonly repository: string;
  /** All of them have one, or none. */
  readonly snapshotId?: string;
}

/** A run without its steps. */
export interface EndedRun {
  readonly id: string;
  readonly kind: string;
  readonly outcome: ReportedOutcome;
  readonly exitCode: number;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
}

export interface RecordedEvidence extends Evidence {
  readonly runId: string;
}

/** How a step came out. */
export interface StepEnd extends Pick<StepReport, 'outcome' | 'reason' | 'error' | 'result'> {
  readonly runId: string;
  /** Null where it never began. */
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
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
