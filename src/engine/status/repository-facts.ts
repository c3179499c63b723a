// What the journal tells of each repository as a whole: when it was verified, and which damage stands. Read once for all
// services.

import type { RepositoryConfig } from '../../config/configuration.ts';
import type { Instant } from '../../domain/instant.ts';
import { allReadSince, standingFlaws } from '../../domain/verification.ts';
import { placeOf } from '../../repositories/place.ts';
import { unattributed, verificationFacts } from '../verify/past.ts';
import type { EvidenceReader } from './believed-copy.ts';

export interface RepositoryFacts {
  /** See repositories/place.ts. */
  readonly place: string;
  /** The last look with the key that met no damage. */
  readonly verifiedAt: Instant | null;
  /** Since when all data has been read, with the key or by the files' names; null while some has not been. */
  readonly readSince: Instant | null;
  /** By item: see verification.ts. */
  readonly flaws: ReturnType<typeof standingFlaws>;
  /** Items of those of which nobody found out whom they touch. */
  readonly unattributed: readonly string[];
}

export function repositoryFacts(journal: EvidenceReader, repository: RepositoryConfig, now: Instant): RepositoryFacts {
  const facts = verificationFacts(journal, repository);
  const sound = facts.filter(({ at, detail }) => detail.how === 'check' && detail.flaws.length === 0 && at <= now);
  const flaws = standingFlaws(facts);
  const past = facts.filter(({ at }) => at <= now);
  const reads = (['check', 'names'] as const).flatMap((how) => allReadSince(past, how) ?? []);
  return {
    place: placeOf(repository),
    verifiedAt: sound.length === 0 ? null : (Math.max(...sound.map(({ at }) => at)) as Instant),
    readSince: reads.length === 0 ? null : (Math.max(...reads) as Instant),
    flaws,
    unattributed: unattributed(journal, repository, [...flaws.keys()]),
  };
}
