// What of the services of this host is believed to lie in a repository, and what of it is not there any more.

import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { type Evidence, NOT_HELD } from '../../domain/evidence.ts';
import { describeDuration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import type { Journal } from '../../journal/journal.ts';
import { placeOf } from '../../repositories/place.ts';
import { goneConfiguration } from '../configuration/kept-configuration.ts';
import { believedCopy, countingFacts, EVERYTHING } from '../status/believed-copy.ts';
import type { Stock } from './attribution.ts';

/** What planning a verification reads of the configuration; without one there are no services. */
export type Declared = Pick<Configuration, 'host' | 'services' | 'repositories'>;

/** By the journal: read it before the repository is looked at, for what is made later may not be seen there. */
export function stockOf(repository: RepositoryConfig, declared: Declared, journal: Pick<Journal, 'evidence'>): Stock {
  const place = placeOf(repository);
  const services = [...declared.services.values()].filter(({ backup }) => backup?.repositories.includes(repository.name));
  const recorded = services.map(({ name }) => {
    return [name, countingFacts(journal, { service: name, repository: repository.name, place })] as const;
  });
  const damage = services.flatMap(({ name }) =>
    journal.evidence({ service: name, repository: repository.name, kind: 'damage', limit: EVERYTHING }),
  );
  return { host: declared.host, recorded: new Map(recorded), damage };
}

export interface Lost {
  readonly evidence: readonly Evidence[];
  /** One sentence for each service. */
  readonly alarms: readonly string[];
}

/** What is on record and has no file in snapshots/ any more, although retention did not remove it: whoever did will know. */
export function lostSnapshots(
  repository: RepositoryConfig,
  { recorded }: Stock,
  held: ReadonlySet<string>,
  now: Instant,
  journal: Journal,
): Lost {
  const ids = [...held].map((id) => ({ id }));
  const evidence: Evidence[] = goneConfiguration(journal, repository, ids, now);
  const alarms = evidence.length > 0 ? ['the configuration that was kept there is gone'] : [];
  for (const [service, facts] of recorded) {
    const gone = [...new Map(facts.map((fact) => [fact.snapshotId, fact])).values()].filter(
      ({ snapshotId }) => !held.has(snapshotId),
    );
    for (const { snapshotId } of gone) {
      const { name } = repository;
      const detail = { how: NOT_HELD };
      evidence.push({ kind: 'missing', service, repository: name, snapshotId, at: now, complete: true, detail });
    }
    const [first] = gone;
    if (first === undefined) continue;
    const named = gone.slice(0, 3).map(({ snapshotId }) => snapshotId.slice(0, 8));
    const more = gone.length > named.length ? ` and ${gone.length - named.length} more` : '';
    const age = describeDuration(elapsed(first.at, now < first.at ? first.at : now));
    alarms.push(
      gone.length === 1
        ? `snapshot ${named.join('')} of ${service} (made ${age} ago) is gone, and retention did not remove it`
        : `${gone.length} snapshots of ${service} are gone, and retention did not remove them: ${named.join(', ')}${more}`,
    );
  }
  return { evidence, alarms };
}

/** 'notes: far has a complete copy, made 3h ago'; for each service, by the journal. */
export function heldElsewhere(
  services: readonly string[],
  repository: RepositoryConfig,
  declared: Declared,
  journal: Pick<Journal, 'evidence' | 'evidenceOfEach'>,
  now: Instant,
): { readonly service: string; readonly copies: readonly { readonly repository: string; readonly at: Instant }[] }[] {
  return services.map((service) => {
    const others = (declared.services.get(service)?.backup?.repositories ?? []).filter((name) => name !== repository.name);
    const copies = others.flatMap((name) => {
      const other = declared.repositories.get(name);
      const copy = other && believedCopy(journal, { service, repository: name, place: placeOf(other) }, now).copy;
      return copy ? [{ repository: name, at: copy.at }] : [];
    });
    return { service, copies };
  });
}
