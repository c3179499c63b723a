// The newest complete copy of a service that a repository should hold by the journal.

import type { RepositoryConfig } from '../../config/configuration.ts';
import type { Instant } from '../../domain/instant.ts';
import type { RecordedEvidence } from '../../journal/journal.ts';
import { placeOf } from '../../repositories/place.ts';
import { believedCopy, type BulkReader, type EvidenceReader } from '../status/believed-copy.ts';

/** Whatever the clock says, wherever the repository was then, and also where it was found to be gone; null where there was none. */
export function lastKnown(
  journal: EvidenceReader & BulkReader,
  service: string,
  repository: RepositoryConfig,
  now: Instant,
): RecordedEvidence | null {
  const job = { service, repository: repository.name, place: placeOf(repository) };
  const { copy, gone, elsewhere, future } = believedCopy(journal, job, now);
  return copy ?? gone?.backup ?? elsewhere ?? future;
}
