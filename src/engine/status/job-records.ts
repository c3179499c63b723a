// What the journal has on record of jobs, as far as a status begins with it: a few queries for all of them together, however many
// there are and however long the history is.

import { jobName, stepId } from '../../domain/naming.ts';
import type { Journal, RecordedEvidence, StepEnd } from '../../journal/journal.ts';
import { type BulkReader, type JobOf, type NewestCopy, newestCopies } from './believed-copy.ts';

export interface JobRecord extends NewestCopy {
  /** How the last run ended, whatever came of it. */
  readonly lastStep: StepEnd | null;
  /** Newest first. */
  readonly drills: readonly RecordedEvidence[];
  /** The newest. */
  readonly archive: RecordedEvidence | null;
}

export interface RecordedJob extends JobOf {
  readonly service: string;
  /** Of a PostgreSQL server: how the job is called that makes its copies. */
  readonly server?: string;
}

/** Enough for years, and too few to be slow. */
const MOST_DRILLS = 100;

/** In the order of the jobs. */
export function jobRecords(journal: BulkReader & Pick<Journal, 'latestSteps'>, jobs: readonly RecordedJob[]): JobRecord[] {
  const lastSteps = journal.latestSteps(
    jobs.map(({ service, repository, server }) => stepId.backup(service, server ?? repository)),
  );
  const places = jobs.map(({ service, repository }) => ({ service, repository }));
  const drills = journal.evidenceOfEach(places, { kind: 'drill', limit: MOST_DRILLS });
  const servers = jobs.flatMap(({ service, repository, server }) => (server === undefined ? [] : [{ service, repository }]));
  const archives = servers.length === 0 ? [] : journal.evidenceOfEach(servers, { kind: 'archive', limit: 1 });
  const archiveOf = new Map(
    servers.map((each, index) => [jobName(each.service, each.repository), archives[index]?.[0] ?? null]),
  );
  return newestCopies(journal, places).map(({ newest, missing }, index) => ({
    newest,
    missing,
    lastStep: lastSteps[index] ?? null,
    drills: drills[index] ?? [],
    archive: archiveOf.get(nameAt(jobs, index)) ?? null,
  }));
}

const nameAt = (jobs: readonly RecordedJob[], index: number): string => {
  const job = jobs[index];
  return job?.server === undefined ? '' : jobName(job.service, job.repository);
};
