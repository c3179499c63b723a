// From what happened to each step to the outcome and exit code of the whole: pure, and the same for every command.

import type { StopSignal } from '../lib/interruption.ts';
import { EXIT } from './exit-code.ts';
import type { Outcome } from './outcome.ts';
import type { StepReport } from './report.ts';

export interface Verdict {
  readonly outcome: Outcome;
  readonly exitCode: number;
}

/** Anything else is a failure: also a step that was stopped, or of which nothing is known. */
const NO_FAILURE: ReadonlySet<string> = new Set(['succeeded', 'partial', 'skipped']);
const BUSY: ReadonlySet<unknown> = new Set(['busy', 'repository-locked']);

/**
 * `interruptedBy` is the signal that ended the run, if one did: it decides over everything else. Otherwise a critical
 * failure, or failures without one counted success, are exit 2; failures beside successes and partial steps are exit 1.
 * Where the answer would be exit 2 and nothing but held locks stood in the way, it is busy (75).
 */
export function verdictOf(steps: readonly StepReport[], interruptedBy: StopSignal | null): Verdict {
  if (interruptedBy) return interrupted(interruptedBy);
  const weighed = steps.filter((step) => step.weight !== 'advisory');
  const failed = weighed.filter((step) => !NO_FAILURE.has(step.outcome));
  const anyDone = weighed.some((step) => step.outcome === 'succeeded' || step.outcome === 'partial');
  if (failed.some((step) => step.weight === 'critical') || (failed.length > 0 && !anyDone)) {
    if (failed.every((step) => BUSY.has(step.error?.code))) return { outcome: 'failed', exitCode: EXIT.busy };
    const timedOut = failed.every((step) => step.outcome === 'timed-out');
    return { outcome: timedOut ? 'timed-out' : 'failed', exitCode: EXIT.failed };
  }
  if (failed.length > 0 || weighed.some((step) => step.outcome === 'partial')) {
    return { outcome: 'partial', exitCode: EXIT.partial };
  }
  const nothingDone = weighed.length > 0 && weighed.every((step) => step.outcome === 'skipped');
  return { outcome: nothingDone ? 'skipped' : 'succeeded', exitCode: EXIT.ok };
}

export const interrupted = (by: StopSignal): Verdict => ({
  outcome: 'interrupted',
  exitCode: by === 'SIGINT' ? EXIT.interruptedBySigint : EXIT.interruptedBySigterm,
});
