// The newest complete snapshot that a repository is believed to hold, by the journal alone: what was found to be gone later
// does not count, and what is dated in the future is told apart.

import { REMOVED_BY_RETENTION } from '../../domain/evidence.ts';
import type { Instant } from '../../domain/instant.ts';
import type { EvidenceFilter, Journal, RecordedEvidence } from '../../journal/journal.ts';

/** The part of the journal that evidence is read from. */
export type EvidenceReader = Pick<Journal, 'evidence'>;
export type BulkReader = Pick<Journal, 'evidenceOfEach'>;

export interface BelievedCopy {
  /** Dated now or before. */
  readonly copy: RecordedEvidence | null;
  /** The newest of those dated after now. */
  readonly future: RecordedEvidence | null;
  /** Where there is no copy: the newest that was made while the repository was somewhere else. */
  readonly elsewhere: RecordedEvidence | null;
  /** Newer than `copy`, and found to be gone from the repository; what retention removed is no surprise. */
  readonly gone: { readonly backup: RecordedEvidence; readonly missing: RecordedEvidence } | null;
}

export type JobOf = Pick<EvidenceFilter, 'service'> & { readonly repository: string };
export type PlacedJob = JobOf & {
  /** Where the repository is (see repositories/place.ts): what was made elsewhere under its name is not in it. */
  readonly place: string;
};

/** As a limit. */
export const EVERYTHING = 1_000_000;

export function believedCopy(journal: EvidenceReader & BulkReader, job: PlacedJob, now: Instant): BelievedCopy {
  const [newest = { newest: null, missing: null }] = newestCopies(journal, [job]);
  return believed(newest, journal, job, now);
}

export interface NewestCopy {
  /** The newest complete one on record, made there or copied, wherever the repository was and whenever it is dated. */
  readonly newest: RecordedEvidence | null;
  /** The newest fact that this very one is gone. */
  readonly missing: RecordedEvidence | null;
}

/** Of each of the jobs, in their order: three queries for all of them, however much was removed over the years. */
export function newestCopies(journal: BulkReader, jobs: readonly JobOf[]): NewestCopy[] {
  const [made = [], copied = []] = COPIES.map((kind) => journal.evidenceOfEach(jobs, { kind, complete: true, limit: 1 }));
  const newest = jobs.map((_, index) => newerOf(made[index]?.[0] ?? null, copied[index]?.[0] ?? null));
  const subjects = jobs.map(({ service, repository }, index) => ({
    service,
    repository,
    snapshotId: newest[index]?.snapshotId ?? '', // no snapshot is called so
  }));
  const missing = journal.evidenceOfEach(subjects, { kind: 'missing', limit: 1 });
  return newest.map((fact, index) => ({ newest: fact, missing: fact && (missing[index]?.[0] ?? null) }));
}

const newerOf = (made: RecordedEvidence | null, copied: RecordedEvidence | null): RecordedEvidence | null =>
  made === null || (copied !== null && copied.at > made.at) ? copied : made;

/** Everything is read only where the newest fact does not count. */
export function believed(
  { newest, missing }: NewestCopy,
  journal: EvidenceReader,
  { place, ...job }: PlacedJob,
  now: Instant,
): BelievedCopy {
  if (newest === null) return { copy: null, future: null, gone: null, elsewhere: null };
  if (missing === null && newest.at <= now && isAt(place, newest))
    return { copy: newest, future: null, gone: null, elsewhere: null };
  const copies = COPIES.flatMap((kind) => journal.evidence({ ...job, kind, complete: true, limit: EVERYTHING }));
  return choose(
    copies.toSorted((a, b) => b.at - a.at),
    missingSnapshots(journal, job),
    place,
    now,
  );
}

const COPIES = ['backup', 'copy'] as const;

/** Every fact about a snapshot that lies there, made, copied or found, and was not found to be gone after it; newest first. */
export function countingFacts(journal: EvidenceReader, { place, ...job }: PlacedJob): RecordedEvidence[] {
  const missing = missingSnapshots(journal, job);
  return ([...COPIES, 'found'] as const)
    .flatMap((kind) => journal.evidence({ ...job, kind, limit: EVERYTHING }))
    .filter((fact) => isAt(place, fact) && !isGone(fact, missing))
    .toSorted((a, b) => b.at - a.at);
}

/** By id whether a snapshot is known to be complete, whether it was made here or copied; those that no record tells of are not in it. */
export const knownCompleteness = (journal: EvidenceReader, job: JobOf): ReadonlyMap<string, boolean> =>
  new Map(
    COPIES.flatMap((kind) => journal.evidence({ ...job, kind, limit: EVERYTHING })).map(
      ({ snapshotId, complete }) => [snapshotId, complete] as const,
    ),
  );

/** The newest that was found in the repository without a record of its own, and was not found to be gone after that. */
export function newestFound(journal: EvidenceReader, job: JobOf): RecordedEvidence | null {
  const found = journal.evidence({ ...job, kind: 'found', limit: EVERYTHING });
  if (found.length === 0) return null;
  const missing = missingSnapshots(journal, job);
  return found.find((fact) => !isGone(fact, missing)) ?? null;
}

type Missing = ReadonlyMap<string, RecordedEvidence>;

/** By snapshot id, the newest fact that it is gone. */
function missingSnapshots(journal: EvidenceReader, job: JobOf): Missing {
  const facts = journal.evidence({ ...job, kind: 'missing', limit: EVERYTHING });
  return new Map(facts.toReversed().map((fact) => [fact.snapshotId, fact]));
}

/** Run ids sort by time: a snapshot that was seen again in a later run is no longer gone. */
const isGone = (fact: RecordedEvidence, missing: Missing): boolean =>
  (missing.get(fact.snapshotId)?.runId ?? '') > fact.runId;

/** It is about the repository where that is now. Facts that say no place were found in it. */
export const isAt = (place: string, fact: RecordedEvidence): boolean => (fact.detail['place'] ?? place) === place;

function choose(backups: readonly RecordedEvidence[], missing: Missing, place: string, now: Instant): BelievedCopy {
  let future: RecordedEvidence | null = null;
  let gone: BelievedCopy['gone'] = null;
  let elsewhere: RecordedEvidence | null = null;
  for (const backup of backups) {
    if (!isAt(place, backup)) {
      elsewhere ??= backup;
      continue;
    }
    const fact = missing.get(backup.snapshotId);
    if (fact && isGone(backup, missing)) {
      if (fact.detail['how'] !== REMOVED_BY_RETENTION) gone ??= { backup, missing: fact };
    } else if (backup.at <= now) return { copy: backup, future, gone, elsewhere: null };
    else future ??= backup;
  }
  return { copy: null, future, gone, elsewhere };
}
