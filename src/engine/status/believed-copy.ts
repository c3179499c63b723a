// The newest complete snapshot that a repository is believed to hold, by the journal alone: what was found to be gone later
// does not count, and what is dated in the future is told apart.

import type { Instant } from '../../domain/instant.ts';
import type { EvidenceFilter, Journal, RecordedEvidence } from '../../journal/journal.ts';

/** The part of the journal that evidence is read from. */
export type EvidenceReader = Pick<Journal, 'evidence'>;

export interface BelievedCopy {
  /** Dated now or before. */
  readonly copy: RecordedEvidence | null;
  /** The newest of those dated after now. */
  readonly future: RecordedEvidence | null;
  /** Newer than `copy`, and found to be gone from the repository. */
  readonly gone: { readonly backup: RecordedEvidence; readonly missing: RecordedEvidence } | null;
}

type JobOf = Pick<EvidenceFilter, 'service'> & { readonly repository: string };

const FIRST_LOOK = 4;
const EVERYTHING = 1_000_000;

/** Two short indexed queries; more only where the newest facts do not count. */
export function believedCopy(journal: EvidenceReader, job: JobOf, now: Instant): BelievedCopy {
  const missing = missingSnapshots(journal, job);
  for (let limit = FIRST_LOOK; ; limit = EVERYTHING) {
    const backups = journal.evidence({ ...job, kind: 'backup', complete: true, limit });
    const believed = choose(backups, missing, now);
    if (believed.copy || backups.length < limit || limit === EVERYTHING) return believed;
  }
}

/** Every fact of a job about a snapshot, made or found, that was not found to be gone after it; of a kind the newest first. */
export function countingFacts(journal: EvidenceReader, job: JobOf): RecordedEvidence[] {
  const missing = missingSnapshots(journal, job);
  const facts = (['backup', 'found'] as const).flatMap((kind) => journal.evidence({ ...job, kind, limit: EVERYTHING }));
  return facts.filter((fact) => !isGone(fact, missing));
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

function choose(backups: readonly RecordedEvidence[], missing: Missing, now: Instant): BelievedCopy {
  let future: RecordedEvidence | null = null;
  let gone: BelievedCopy['gone'] = null;
  for (const backup of backups) {
    const fact = missing.get(backup.snapshotId);
    if (fact && isGone(backup, missing)) gone ??= { backup, missing: fact };
    else if (backup.at <= now) return { copy: backup, future, gone };
    else future ??= backup;
  }
  return { copy: null, future, gone };
}
