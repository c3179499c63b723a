// What happens while a plan is run, as data: what one process tells another of it, and the agent tells whoever listens. The
// runner's own events hold the plan; these hold what can be written down. Never in the journal: they are gone once told.

import type { OutcomeCounts, ReportedOutcome } from './outcome.ts';
import type { Progress } from './plan.ts';
import type { StepReport } from './report.ts';

/** A step before it has begun. */
export type PlannedStep = Pick<StepReport, 'id' | 'title' | 'stage' | 'service' | 'repository' | 'weight'> & {
  /** How long it took the last time; null when nobody knows. */
  readonly expectedSeconds: number | null;
};

export type RunEvent = { readonly runId: string } & (
  | {
      readonly type: 'run-started';
      readonly kind: string;
      readonly host: string;
      readonly startedAt: string;
      readonly staged: boolean;
      readonly steps: readonly PlannedStep[];
    }
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'step-waiting'; readonly stepId: string; readonly message: string }
  | { readonly type: 'step-started'; readonly stepId: string; readonly at: string }
  | { readonly type: 'step-progress'; readonly stepId: string; readonly progress: Progress }
  | { readonly type: 'step-warning'; readonly stepId: string; readonly message: string }
  | { readonly type: 'step-ended'; readonly step: StepReport }
  | RunEnd
);

export interface RunEnd {
  readonly type: 'run-ended';
  readonly kind: string;
  readonly outcome: ReportedOutcome;
  readonly exitCode: number;
  readonly endedAt: string | null;
  readonly counts: OutcomeCounts;
  /** Why, where no step can say it: it died, or never began. */
  readonly reason: string | null;
}
