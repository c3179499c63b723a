// The newest complete snapshot that a repository is believed to hold, by the journal alone: what was found to be gone later
// does not count, and what is dated in the future is told apart.

import { REMOVED_BY_RETENTION } from '../../domain/evidence.ts';
import type { Instant } from '../../domain/instant.ts';
import type { EvidenceFilter, Journal, RecordedEvidence } from '../../journal/journal.ts';

/** The part of the journal that evidence is read from. */
export type EvidenceReader = Pick<Journal, 'evidence'>;

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

type JobOf = Pick<EvidenceFilter, 'service'> & { readonly repository: string };
type PlacedJob = JobOf & {
  /** Where the repository is (see repositories/place.ts): what was made elsewhere under its name is not in it. */
  readonly place: string;
};

const EVERYTHING = 1_000_000;

/** Two short queries, however much was removed over the years; everything only where the newest fact does not count. */
export function believedCopy(journal: EvidenceReader, { place, ...job }: PlacedJob, now: Instant): BelievedCopy {
  const [newest] = journal.evidence({ ...job, kind: 'backup', complete: true, limit: 1 });
  if (!newest) return { copy: null, future: null, gone: null, elsewhere: null };
  const [missing] = journal.evidence({ ...job, kind: 'missing', snapshotId: newest.snapshotId, limit: 1 });
  if (!missing && newest.at <= now && isAt(place, newest))
    return { copy: newest, future: null, gone: null, elsewhere: null };
  const backups = journal.evidence({ ...job, kind: 'backup', complete: true, limit: EVERYTHING });
  return choose(backups, missingSnapshots(journal, job), place, now);
}

/** Every fact of a job about a snapshot, made or found, that was not found to be gone after it; of a kind the newest first. */
export function countingFacts(journal: EvidenceReader, job: JobOf): RecordedEvidence[] {
  const missing = missingSnapshots(journal, job);
  const facts = (['backup', 'found'] as const).flatMap((kind) => journal.evidence({ ...job, kind, limit: EVERYTHING }));
  return facts.filter((fact) => !isGone(fact, missing));
}

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

const isAt = (place: string, fact: RecordedEvidence): boolean => (fact.detail['place'] ?? place) === place;

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
