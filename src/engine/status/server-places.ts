// Where a PostgreSQL server is meant to be backed up to, as a status weighs it: the repositories that are declared for it, or those
// that are on record where its pgBackRest has a configuration of its own.

import type { RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { placeOf } from '../../repositories/place.ts';
import { ALL_REPOSITORIES, engineJobs } from '../postgres/plan-backup.ts';
import { placeOfRepository } from '../postgres/repositories.ts';
import type { Instant } from '../../domain/instant.ts';
import { hasReadAll } from '../postgres/server-drill-result.ts';
import { type EvidenceReader, isAt } from './believed-copy.ts';
import type { RepositoryFacts } from './repository-facts.ts';

/** A repository of whatever kind, as far as a status knows it. */
export type Place = Pick<RepositoryConfig, 'name' | 'url' | 'location' | 'medium'>;

export interface ServerPlace {
  readonly repository: Place;
  readonly whole: RepositoryFacts;
  /** How the job is called that makes the copies there. */
  readonly job: string;
}

/** Enough to meet each repository. */
const RECENT = 200;

/** Such a repository is verified by a drill that read all of what came out of it. */
export function serverPlaces(service: ServiceConfig, journal: EvidenceReader, now: Instant): ServerPlace[] {
  const serverPlace = (repository: Place, job: string): ServerPlace => {
    const place = placeOf(repository);
    const drills = journal.evidence({ service: service.name, repository: repository.name, kind: 'drill', limit: RECENT });
    const read = drills.find((drill) => drill.at <= now && isAt(place, drill) && hasReadAll(drill));
    return {
      repository,
      job,
      whole: { place, verifiedAt: read?.at ?? null, readSince: null, flaws: new Map(), unattributed: [] },
    };
  };
  return engineJobs(service).flatMap(({ repository, postgres }) => {
    if (repository) {
      const { name, path, location, medium } = repository;
      return [serverPlace({ name, url: path, location, medium }, name)];
    }
    const recent = journal.evidence({ service: service.name, kind: 'backup', limit: RECENT });
    const names = [...new Set(recent.map((fact) => fact.repository))].filter((name) => /^repo\d+$/.test(name)).toSorted();
    // Nobody has said where they are: they count as the least that they can be.
    const least = { location: 'onsite', medium: 'disk' } as const;
    if (names.length === 0) return [serverPlace({ name: ALL_REPOSITORIES, url: '', ...least }, ALL_REPOSITORIES)];
    return names.map((name) =>
      serverPlace({ name, url: placeOfRepository(postgres, Number(name.slice('repo'.length))), ...least }, ALL_REPOSITORIES),
    );
  });
}
