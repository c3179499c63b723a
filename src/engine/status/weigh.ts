// Evidence against protection for each service, from the configuration and the journal alone: what a status shows and metrics
// tell. No repository is asked.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import type { Instant } from '../../domain/instant.ts';
import { type Protection, protectionOf } from '../../domain/protection.ts';
import type { Journal } from '../../journal/journal.ts';
import { evidenceOf, type JobFacts, jobFacts } from './job-facts.ts';
import { jobRecords } from './job-records.ts';
import { serverPlaces } from './server-places.ts';
import { type RepositoryFacts, repositoryFacts } from './repository-facts.ts';

/** The part of the journal that services are weighed by. */
export type WeighingJournal = Pick<Journal, 'evidence' | 'evidenceOfEach' | 'latestSteps'>;

export interface WeighingInput {
  readonly config: Pick<Configuration, 'repositories'>;
  readonly services: readonly ServiceConfig[];
  readonly journal: WeighingJournal;
  readonly now: Instant;
}

export interface WeighedService {
  readonly service: ServiceConfig;
  /** Of each repository that it is meant to be in. */
  readonly facts: readonly JobFacts[];
  /** `repositories` in the order of the facts. */
  readonly protection: Protection;
}

export interface Weighing {
  /** In the order that was given. */
  readonly services: readonly WeighedService[];
  /** Of all that are configured, by name. */
  readonly repositories: ReadonlyMap<string, RepositoryFacts>;
}

export function weigh({ config, services, journal, now }: WeighingInput): Weighing {
  const repositories = new Map(
    [...config.repositories.values()].map((each) => [each.name, repositoryFacts(journal, each, now)] as const),
  );
  const jobs = services.flatMap((service) => [
    ...(service.backup?.repositories ?? []).flatMap((name) => {
      const [repository, whole] = [config.repositories.get(name), repositories.get(name)];
      return repository && whole ? [{ service, repository, whole }] : [];
    }),
    ...serverPlaces(service, journal, now).map((place) => ({ service, ...place })),
  ]);
  const records = jobRecords(
    journal,
    jobs.map(({ service, repository, ...of }) => ({
      service: service.name,
      repository: repository.name,
      ...('job' in of ? { server: of.job } : {}),
    })),
  );
  const factsOf = new Map<ServiceConfig, JobFacts[]>(services.map((service) => [service, []]));
  for (const [index, job] of jobs.entries()) {
    const record = records[index];
    if (record) factsOf.get(job.service)?.push(jobFacts(job, record, journal, now));
  }
  return {
    services: services.map((service) => {
      const facts = factsOf.get(service) ?? [];
      return { service, facts, protection: protectionOf(service.protection, facts.map(evidenceOf), now) };
    }),
    repositories,
  };
}
