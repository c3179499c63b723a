// What the journal has on record of jobs, as far as a status begins with it: a few queries for all of them together, however many
// there are and however long the history is.

import { stepId } from '../../domain/naming.ts';
import type { Journal, RecordedEvidence, StepEnd } from '../../journal/journal.ts';
import { type BulkReader, type JobOf, type NewestCopy, newestCopies } from './believed-copy.ts';

export interface JobRecord extends NewestCopy {
  /** How the last run ended, whatever came of it. */
  readonly lastStep: StepEnd | null;
  /** Newest first. */
  readonly drills: readonly RecordedEvidence[];
}

/** Enough for years, and too few to be slow. */
const MOST_DRILLS = 100;

/** In the order of the jobs. */
export function jobRecords(journal: BulkReader & Pick<Journal, 'latestSteps'>, jobs: readonly JobOf[]): JobRecord[] {
  const lastSteps = journal.latestSteps(jobs.map(({ service, repository }) => stepId.backup(service, repository)));
  const drills = journal.evidenceOfEach(jobs, { kind: 'drill', limit: MOST_DRILLS });
  return newestCopies(journal, jobs).map(({ newest, missing }, index) => ({
    newest,
    missing,
    lastStep: lastSteps[index] ?? null,
    drills: drills[index] ?? [],
  }));
}
