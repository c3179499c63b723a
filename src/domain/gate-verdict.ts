// Safe to deploy? From what happened to each step of a gate to its answer: pure, exact, and the same for everybody who tells it.

import type { StopSignal } from '../lib/interruption.ts';
import { EXIT } from './exit-code.ts';
import { isMissing } from './naming.ts';
import type { Share } from './percentage.ts';
import { PREFLIGHT } from './plan.ts';
import type { StepReport } from './report.ts';
import { interrupted, type Verdict } from './verdict.ts';

/** Why a unit or job was skipped, as `result.skipped` says: only what is `fresh` is backed up all the same. */
export type SkipCause = 'running' | 'condition' | 'fresh';

export interface GateTally {
  /** What was looked at before anything started, and is not as it must be. */
  readonly preflight: readonly StepReport[];
  /** Every unit and job that counts: not those of a stage that only warns. */
  readonly total: number;
  readonly successful: number;
  readonly partial: readonly StepReport[];
  readonly failed: readonly StepReport[];
  readonly timedOut: readonly StepReport[];
  readonly interrupted: readonly StepReport[];
  /** Not started, because of something before them. */
  readonly blocked: readonly StepReport[];
  readonly skipped: Readonly<Record<SkipCause, readonly StepReport[]>>;
  /** Did not come out well, in a stage that only warns. */
  readonly warnedAbout: readonly StepReport[];
  /** Unsuccessful ones among all that was to be done; nothing that was skipped is among either. */
  readonly unsuccessful: number;
  readonly due: number;
  readonly answer: GateAnswer;
}

/** Anything but `safe` and `acceptable` is: do not deploy. The first that holds. */
export type GateAnswer = 'preflight-failed' | 'critical-failed' | 'nothing-done' | 'too-many-failed' | 'acceptable' | 'safe';

/** `criticalAbove`: the share of what was tried that may be unsuccessful; exactly that much is acceptable. */
export function tallyGate(steps: readonly StepReport[], criticalAbove: Share): GateTally {
  const backups = steps.filter(({ stage }) => stage !== PREFLIGHT);
  const counted = backups.filter(({ weight }) => weight !== 'advisory');
  const of = (...outcomes: StepReport['outcome'][]): StepReport[] =>
    counted.filter(({ outcome }) => outcomes.includes(outcome));
  const skippedFor = (cause: SkipCause): StepReport[] => of('skipped').filter((step) => skipCauseOf(step) === cause);
  const done = of('succeeded', 'partial', 'failed', 'timed-out').filter(({ id }) => !isMissing(id));
  const unsuccessful = counted.filter(({ outcome }) => outcome !== 'succeeded' && outcome !== 'skipped').length;
  const parts = {
    preflight: steps.filter((step) => step.stage === PREFLIGHT && step.weight === 'critical' && !isProven(step)),
    total: counted.length,
    successful: of('succeeded').length,
    partial: of('partial'),
    failed: of('failed'),
    timedOut: of('timed-out'),
    interrupted: of('interrupted', 'running', 'planned'),
    blocked: of('blocked'),
    skipped: { running: skippedFor('running'), condition: skippedFor('condition'), fresh: skippedFor('fresh') },
    warnedAbout: backups.filter((step) => step.weight === 'advisory' && !isProven(step)),
    unsuccessful,
    due: unsuccessful + of('succeeded').length,
  };
  const allFresh = counted.length > 0 && parts.skipped.fresh.length === counted.length;
  const answer = ((): GateAnswer => {
    if (parts.preflight.length > 0) return 'preflight-failed';
    if (backups.some((step) => step.weight === 'critical' && !isProven(step))) return 'critical-failed';
    if (done.length === 0 && !allFresh) return 'nothing-done';
    if (exceeds(unsuccessful, parts.due, criticalAbove)) return 'too-many-failed';
    return unsuccessful + parts.skipped.condition.length > 0 ? 'acceptable' : 'safe';
  })();
  return { ...parts, answer };
}

export function gateVerdict(steps: readonly StepReport[], criticalAbove: Share, interruptedBy: StopSignal | null): Verdict {
  if (interruptedBy) return interrupted(interruptedBy);
  const { answer } = tallyGate(steps, criticalAbove);
  if (answer === 'safe') return { outcome: 'succeeded', exitCode: EXIT.ok };
  if (answer === 'acceptable') return { outcome: 'partial', exitCode: EXIT.partial };
  return { outcome: 'failed', exitCode: EXIT.failed };
}

/** Of what was to be done, how much did not come out well; null where nothing was. */
export function unsuccessfulShare(steps: readonly StepReport[]): Share | null {
  const { unsuccessful, due } = tallyGate(steps, 0 as Share); // what is tallied does not hang on what is tolerated
  return due === 0 ? null : ((unsuccessful / due) as Share);
}

/** Null for a step that was not skipped. */
export function skipCauseOf({ outcome, result }: StepReport): SkipCause | null {
  if (outcome !== 'skipped') return null;
  const cause = result?.['skipped'];
  return cause === 'running' || cause === 'fresh' ? cause : 'condition';
}

const isProven = (step: StepReport): boolean => step.outcome === 'succeeded' || skipCauseOf(step) === 'fresh';

/** Whether part / whole > share. Percentages are written with at most a few decimals: whole numbers are exact. */
const exceeds = (part: number, whole: number, share: Share): boolean =>
  part * PRECISION > Math.round(share * PRECISION) * whole;
const PRECISION = 1_000_000_000;
