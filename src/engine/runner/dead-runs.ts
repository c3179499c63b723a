// A run whose process is gone has no end in the journal until the next start gives it one (crash-recovery.ts). Whoever only
// looks is told by then what will stand there. It changes nothing.

import { EXIT } from '../../domain/exit-code.ts';
import { countOutcomes } from '../../domain/outcome.ts';
import type { Report } from '../../domain/report.ts';
import type { Journal, UnfinishedRun } from '../../journal/journal.ts';
import { mayBeAlive } from '../../process/identity.ts';

/** Why it has no end of its own. */
export const lastWords = ({ process }: Pick<UnfinishedRun, 'process'>): string =>
  `the process ended without a word (pid ${process.pid})`;

/** Runs that died with something in the air; the next command that runs a plan cleans up after them. */
export const diedHolding = (journal: Pick<Journal, 'unfinishedRuns'>): UnfinishedRun[] =>
  journal.unfinishedRuns().filter((run) => run.effects.length > 0 && !mayBeAlive(run.process));

/** For reports of this journal: those that read as running, and are not, as interrupted. */
export function withoutGhosts(journal: Pick<Journal, 'unfinishedRuns'>): (report: Report) => Report {
  const dead = new Map(
    journal
      .unfinishedRuns()
      .filter((run) => !mayBeAlive(run.process))
      .map((run) => [run.id, lastWords(run)]),
  );
  return (report) => {
    const reason = dead.get(report.id);
    if (reason === undefined) return report;
    const steps = report.steps.map((step) =>
      step.outcome === 'running' ? { ...step, outcome: 'interrupted' as const, reason } : step,
    );
    const counts = countOutcomes(steps.map(({ outcome }) => outcome));
    return { ...report, outcome: 'interrupted', exitCode: EXIT.failed, counts, steps };
  };
}
