// How a run came out, in words: the same in its report, in the history and wherever else it is told.

import { EXIT } from '../domain/exit-code.ts';
import { countOutcomes } from '../domain/outcome.ts';
import type { Report, StepReport } from '../domain/report.ts';

/** Interrupted with the exit code of a failure: nobody asked it to stop, its process was gone (see crash-recovery.ts). */
export const outcomeWords = ({ outcome, exitCode }: Pick<Report, 'outcome' | 'exitCode'>): string =>
  outcome === 'interrupted' && exitCode === EXIT.failed ? 'ended without a word' : outcome;

/** `9 of 12 succeeded, 2 failed, 1 blocked`: of what was asked for, not of what had to be looked at before it. */
export function countWords(steps: readonly StepReport[]): string {
  const asked = steps.filter(({ weight }) => weight !== 'advisory');
  const counts = countOutcomes(asked.map(({ outcome }) => outcome));
  const others = (
    [
      ['partial', counts.partial],
      ['failed', counts.failed],
      ['timed out', counts.timedOut],
      ['blocked', counts.blocked],
      ['interrupted', counts.interrupted],
      ['skipped', counts.skipped],
    ] as const
  ).filter(([, count]) => count > 0);
  return [`${counts.succeeded} of ${asked.length} succeeded`, ...others.map(([name, count]) => `${count} ${name}`)].join(
    ', ',
  );
}
