// What the journal tells of earlier verifications of a repository, and whether it is time for another.

import type { RepositoryConfig, VerificationConfig } from '../../config/configuration.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { isDue } from '../../domain/frequency.ts';
import type { Instant } from '../../domain/instant.ts';
import { type Damage, standingFlaws, type Verification, type VerificationFact } from '../../domain/verification.ts';
import { type EvidenceReader, EVERYTHING, isAt } from '../status/believed-copy.ts';
import { placeOf } from '../../repositories/place.ts';

/** Every verification of the repository where it is now. */
export const verificationFacts = (journal: EvidenceReader, repository: RepositoryConfig): VerificationFact[] =>
  journal
    .evidence({ service: '', repository: repository.name, kind: 'verify', limit: EVERYTHING })
    .filter((fact) => isAt(placeOf(repository), fact))
    .map(({ runId, at, detail }) => ({ runId, at, detail: detail as Verification })); // written from one

/** Those that are not dated in the future. */
export const pastFacts = (journal: EvidenceReader, repository: RepositoryConfig, now: Instant): VerificationFact[] =>
  verificationFacts(journal, repository).filter(({ at }) => at <= now);

/** Items of damaged files that this verification did not meet: they may have gone since, repaired or pruned. */
export function formerFlaws(facts: readonly VerificationFact[], met: readonly { readonly item: string }[]): string[] {
  const now = new Set(met.map(({ item }) => item));
  const damaged = [...standingFlaws(facts).values()].filter(({ problem }) => problem === 'damaged');
  return damaged.map(({ item }) => item).filter((item) => item.includes('/') && !now.has(item));
}

/** A fact without a service says that it was found out whom these items touch, if anybody. */
export const attributed = (repository: RepositoryConfig, items: readonly string[], at: Instant): Evidence => {
  const detail: Damage = { items, paths: [], pathCount: 0, place: placeOf(repository) };
  return { kind: 'damage', service: '', repository: repository.name, snapshotId: '', at, complete: false, detail };
};

/** Those of the items of which that is not known: the look ended before. */
export function unattributed(
  journal: EvidenceReader,
  repository: RepositoryConfig,
  items: readonly string[],
): readonly string[] {
  if (items.length === 0) return [];
  const facts = journal.evidence({ service: '', repository: repository.name, kind: 'damage', limit: EVERYTHING });
  const known = new Set(
    facts.filter((fact) => isAt(placeOf(repository), fact)).flatMap(({ detail }) => (detail as Damage).items), // written from one
  );
  return items.filter((item) => !known.has(item));
}

/** Whether it is time again for one of these means. */
export const isDueBy = (
  facts: readonly VerificationFact[],
  means: readonly Verification['how'][],
  { schedule }: Pick<VerificationConfig, 'schedule'>,
  now: Instant,
): boolean =>
  means.some((how) => {
    const times = facts.filter((fact) => fact.detail.how === how && fact.at <= now).map(({ at }) => at);
    return isDue(times.length === 0 ? null : (Math.max(...times) as Instant), schedule, now); // the newest of instants is one
  });
