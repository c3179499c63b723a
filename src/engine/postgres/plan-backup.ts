// The steps by which a PostgreSQL server is backed up: one for each repository, or one for all of those that a configuration of
// pgBackRest has that is there already; barman-cloud has one place. They take turns: pgBackRest has one lock for a stanza, and barman-cloud
// none, so that ours is its only one.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { serviceLock, stanzaLock, stepId } from '../../domain/naming.ts';
import { PREFLIGHT, type Step } from '../../domain/plan.ts';
import { keyOfRepository } from '../../domain/postgres-repository.ts';
import type { Journal } from '../../journal/journal.ts';
import { barmanVersion } from '../../tools/barman-cloud/version.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';
import { PROGRAM } from './access.ts';
import { type BackupChoice, backUpServer, type EngineJob } from './backup-step.ts';
import { backUpToPlace } from './barman/backup-step.ts';
import { longest } from './calendars.ts';

/** What the job of an engine is called that has all repositories in one. */
export const ALL_REPOSITORIES = 'postgres';

export const AS_DUE: BackupChoice = { type: null, onlyDue: false };

/** In the order of their numbers. */
export function engineJobs(service: ServiceConfig): EngineJob[] {
  const { postgres } = service;
  if (postgres === null || postgres.engine === 'dump') return [];
  if (postgres.repositories.length === 0) return [{ service, postgres, repository: null }];
  return postgres.repositories.map((repository) => ({ service, postgres, repository }));
}

/** It has a server whose engine keeps backups in repositories of its own, not in the jobs of the service. */
export const hasOwnRepositories = ({ postgres }: Pick<ServiceConfig, 'postgres'>): boolean =>
  postgres !== null && postgres.engine !== 'dump';

/** Whether a server of this host may have a repository of that name. */
export const isEngineRepository = (config: Configuration, name: string): boolean =>
  [...config.services.values()].some((service) => engineJobs(service).some((job) => jobInto(job, name) !== null));

/** `only`: the name of one repository. */
export function engineSteps(
  service: ServiceConfig,
  journal: Pick<Journal, 'evidence'>,
  choice: BackupChoice = AS_DUE,
  only: string | null = null,
): Step[] {
  return engineJobs(service)
    .flatMap((job) => (only === null ? [job] : (jobInto(job, only) ?? [])))
    .map((job) => backupStep(job, choice, journal));
}

/** Null when the job has nothing to do with a repository of that name. */
export function jobInto(job: EngineJob, name: string): EngineJob | null {
  if (job.repository) return job.repository.name === name ? job : null;
  const key = keyOfRepository(name);
  return key === null ? null : { ...job, key };
}

function backupStep(job: EngineJob, choice: BackupChoice, journal: Pick<Journal, 'evidence'>): Step {
  const { service, postgres, repository } = job;
  const lock = stanzaLock(postgres.stanza);
  const name = repository?.name ?? ALL_REPOSITORIES;
  const { schedule } = repository ?? postgres;
  const timeout = choice.type === null ? longest(schedule) : (schedule[choice.type]?.timeout ?? longest(schedule));
  return {
    id: stepId.backup(service.name, name),
    title: `Back up the PostgreSQL server of ${service.name}${repository ? ` to ${name}` : ''}`,
    stage: 'backup',
    service: service.name,
    repository: name,
    needs: [toolOf(postgres.engine)],
    lanes: [lock],
    locks: [
      { name: lock, mode: 'exclusive' },
      { name: serviceLock(service.name), mode: 'shared' },
    ],
    ...(timeout === undefined ? {} : { timeout }),
    weight: 'counted',
    run: (context) =>
      postgres.engine === 'barman-cloud' ? backUpToPlace(job, choice, journal, context) : backUpServer(job, choice, context),
  };
}

const toolOf = (engine: string): string => stepId.preflight('tool', engine);

/** What every plan that calls them needs first: the tools of the engines of these services. */
export const engineToolSteps = (services: readonly ServiceConfig[]): Step[] => {
  const engines = new Set(services.flatMap((service) => engineJobs(service).map(({ postgres }) => postgres.engine)));
  return [...engines].map((engine) => ({
    id: toolOf(engine),
    title: `Find a suitable ${engine}`,
    stage: PREFLIGHT,
    weight: 'advisory',
    timeout: duration(1, 'm'),
    async run({ signal }) {
      const version =
        engine === 'barman-cloud' ? await barmanVersion(signal) : (await pgBackRestVersion(PROGRAM, signal)).text;
      return { outcome: 'succeeded', result: { version } };
    },
  }));
};
