// The steps by which a PostgreSQL server is backed up: one for each repository, or one for all of those that a configuration of
// pgBackRest has that is there already. They take turns: pgBackRest has one lock for a stanza.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { jobName, serviceLock, stanzaLock, stepId } from '../../domain/naming.ts';
import { PREFLIGHT, type Step } from '../../domain/plan.ts';
import { keyOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';
import { PROGRAM } from './access.ts';
import { type BackupChoice, backUpServer, type EngineJob } from './backup-step.ts';
import { longest } from './calendars.ts';

/** What the job of an engine is called that has all repositories in one. */
export const ALL_REPOSITORIES = 'postgres';

export const AS_DUE: BackupChoice = { type: null, onlyDue: false };

/** In the order of their numbers. */
export function engineJobs(service: ServiceConfig): EngineJob[] {
  const { postgres } = service;
  if (postgres?.engine !== 'pgbackrest') return [];
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
export function engineSteps(service: ServiceConfig, choice: BackupChoice = AS_DUE, only: string | null = null): Step[] {
  if (service.postgres?.engine !== 'pgbackrest') return only === null ? [unsupported(service)] : [];
  return engineJobs(service)
    .flatMap((job) => (only === null ? [job] : (jobInto(job, only) ?? [])))
    .map((job) => backupStep(job, choice));
}

/** Null when the job has nothing to do with a repository of that name. */
export function jobInto(job: EngineJob, name: string): EngineJob | null {
  if (job.repository) return job.repository.name === name ? job : null;
  const key = keyOfRepository(name);
  return key === null ? null : { ...job, key };
}

function backupStep(job: EngineJob, choice: BackupChoice): Step {
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
    needs: [TOOL],
    lanes: [lock],
    locks: [
      { name: lock, mode: 'exclusive' },
      { name: serviceLock(service.name), mode: 'shared' },
    ],
    ...(timeout === undefined ? {} : { timeout }),
    weight: 'counted',
    run: (context) => backUpServer(job, choice, context),
  };
}

const TOOL = stepId.preflight('tool', PROGRAM);

/** What every plan that calls pgBackRest needs first. */
export const pgBackRestStep = (): Step => ({
  id: TOOL,
  title: 'Find a suitable pgbackrest',
  stage: PREFLIGHT,
  weight: 'advisory',
  timeout: duration(1, 'm'),
  async run({ signal }) {
    const version = await pgBackRestVersion(PROGRAM, signal);
    return { outcome: 'succeeded', result: { version: version.text } };
  },
});

/** Whether one of the services needs it. */
export const needsPgBackRest = (services: readonly ServiceConfig[]): boolean =>
  services.some(({ postgres }) => postgres?.engine === 'pgbackrest');

/** Declared, and not backed up by this version: never silently. */
const unsupported = (service: ServiceConfig): Step => ({
  id: stepId.backup(service.name, ALL_REPOSITORIES),
  title: `Back up the PostgreSQL server of ${service.name}`,
  stage: 'backup',
  service: service.name,
  weight: 'counted',
  run: () =>
    Promise.reject(
      new HoldfastError({
        code: 'unsupported',
        operation: 'back up',
        subject: jobName(service.name, ALL_REPOSITORIES),
        message: `this version of Holdfast does not drive ${service.postgres?.engine ?? 'that engine'}, only pgbackrest`,
        hint: 'Keep the way in which it is backed up today, and take `postgres` out of this service until then.',
      }),
    ),
});
