// How a step or a run ended. `partial` is never green; `unknown` does not exist: what is not proven is `failed`.

export const OUTCOMES = ['succeeded', 'partial', 'failed', 'timed-out', 'interrupted', 'skipped', 'blocked'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** An outcome, `planned` in the report of a dry run, or `running` while there is none yet. */
export type ReportedOutcome = Outcome | 'planned' | 'running';

export interface OutcomeCounts {
  readonly succeeded: number;
  readonly partial: number;
  readonly failed: number;
  readonly timedOut: number;
  readonly interrupted: number;
  readonly skipped: number;
  readonly blocked: number;
}

export function countOutcomes(outcomes: Iterable<ReportedOutcome>): OutcomeCounts {
  const count = new Map<ReportedOutcome, number>();
  for (const outcome of outcomes) count.set(outcome, (count.get(outcome) ?? 0) + 1);
  const of = (outcome: Outcome): number => count.get(outcome) ?? 0;
  return {
    succeeded: of('succeeded'),
    partial: of('partial'),
    failed: of('failed'),
    timedOut: of('timed-out'),
    interrupted: of('interrupted'),
    skipped: of('skipped'),
    blocked: of('blocked'),
  };
}
