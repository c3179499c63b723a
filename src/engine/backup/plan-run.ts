// The plan of `holdfast run`: for each job one step, and before it only what that job depends on, so that a dead NAS does
// not stop the offsite copy.

import type { Configuration, RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { repositoryLock, serviceLock, stepId } from '../../domain/naming.ts';
import { type Plan, PREFLIGHT, type Step, type StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { checkRepository } from '../../repositories/preflight.ts';
import { requireVersion, resticVersion } from '../../tools/restic/version.ts';
import { presenceOf } from '../../tools/util-linux/probe.ts';
import { backUp, type Job } from './backup-step.ts';
import { selectRepository, selectServices, unknownName } from '../select.ts';
import type { Toolbox } from '../toolbox.ts';

export interface RunSelection {
  /** Shell patterns; all services when empty. */
  readonly services: readonly string[];
  readonly repository?: string | undefined;
  /** Only services whose backup carries this tag. */
  readonly tag?: string | undefined;
}

export interface SelectedJobs {
  readonly jobs: readonly Job[];
  /** Services with a database engine of their own; only when nothing narrows the selection. */
  readonly engines: readonly ServiceConfig[];
  /** What was asked for and is not among them. */
  readonly warnings: readonly string[];
}

/** Throws `usage` for a name or combination that selects nothing. */
export function selectJobs(config: Configuration, selection: RunSelection): SelectedJobs {
  const services = selectServices(config, selection.services);
  const only = selection.repository === undefined ? null : selectRepository(config, selection.repository).name;
  const { tag } = selection;
  const all = jobsOf(config, services);
  if (tag !== undefined && !all.some((job) => job.backup.tags.includes(tag))) {
    const known = [...config.services.values()].flatMap(({ backup }) => backup?.tags ?? []);
    throw unknownName('tag', tag, [...new Set(known)]);
  }
  const jobs = all.filter(
    (job) => (only === null || job.repository.name === only) && (tag === undefined || job.backup.tags.includes(tag)),
  );
  const engines = only === null && tag === undefined ? services.filter((service) => service.postgres !== null) : [];
  if (jobs.length + engines.length === 0) throw nothingSelected(selection);
  const served = new Set([...jobs.map((job) => job.service.name), ...engines.map((service) => service.name)]);
  const idle = services.filter(({ name }) => selection.services.includes(name) && !served.has(name));
  const where = `${only === null ? '' : ` to ${only}`}${tag === undefined ? '' : ` under the tag ${tag}`}`;
  return { jobs, engines, warnings: idle.map(({ name }) => `${name} was named, and nothing of it is backed up${where}`) };
}

/** Throws as `selectJobs`. */
export function planRun(config: Configuration, selection: RunSelection, toolbox: Toolbox): Plan {
  const { jobs, engines, warnings } = selectJobs(config, selection);
  const repositories = new Map(jobs.map((job) => [job.repository.name, job.repository]));
  const outages: Outages = new Map();
  return {
    kind: 'run',
    host: config.host,
    warnings,
    limits: repositoryLimits([...repositories.values()]),
    steps: [
      ...(jobs.length > 0 ? [toolStep(toolbox)] : []),
      ...[...repositories.values()].map(repositoryStep),
      ...sourceSteps(jobs),
      ...jobs.map((job) => backupStep(job, toolbox, outages)),
      ...engines.map(engineStep),
    ],
  };
}

/** How many jobs may work on each at once. */
export const repositoryLimits = (repositories: readonly RepositoryConfig[]): Record<string, number> =>
  Object.fromEntries(repositories.map((each) => [repositoryLock(each.name), each.concurrency]));

/** Every job of these services, in the order of the configuration. */
export const jobsOf = (config: Configuration, services: readonly ServiceConfig[]): Job[] =>
  services.flatMap((service) => {
    const { backup } = service;
    if (backup === null) return [];
    return backup.repositories.map((name) => ({ service, backup, repository: selectRepository(config, name) }));
  });

const RESTIC = stepId.preflight('tool', 'restic');

/** What every plan that calls restic needs first. */
export const toolStep = (toolbox: Toolbox): Step => ({
  id: RESTIC,
  title: 'Find a suitable restic',
  stage: PREFLIGHT,
  weight: 'advisory',
  async run(context) {
    const version = await resticVersion(toolbox.restic, { signal: context.signal, memory: toolbox.stateDir });
    requireVersion(version, toolbox.restic);
    return { outcome: 'succeeded', result: { version: version.text } };
  },
});

const repositoryStep = (repository: RepositoryConfig): Step => ({
  id: stepId.preflight('repository', repository.name),
  title: `Check that ${repository.name} can be written`,
  stage: PREFLIGHT,
  repository: repository.name,
  weight: 'advisory',
  timeout: duration(1, 'm'),
  async run(context) {
    await checkRepository(repository, context.signal);
    return { outcome: 'succeeded' };
  },
});

/** A look at the data of each service, once. */
export const sourceSteps = (jobs: readonly Job[]): Step[] =>
  [...new Map(jobs.map((job) => [job.service.name, job])).values()].map(sourceStep);

const sourceStep = ({ service, backup }: Job): Step => ({
  id: stepId.preflight('source', service.name),
  title: `Check that the data of ${service.name} is there`,
  stage: PREFLIGHT,
  service: service.name,
  weight: 'advisory',
  timeout: duration(1, 'm'),
  async run(context) {
    if (backup.hooks.before.length > 0) return { outcome: 'succeeded' }; // they may make it: a dump. The backup itself looks
    const { present, missing } = await presenceOf(backup.paths, context.signal);
    if (present.length > 0) {
      for (const path of missing) context.warn(`${path} does not exist`);
      return { outcome: 'succeeded', result: { present, missing } };
    }
    throw new HoldfastError({
      code: 'source-missing',
      operation: 'back up',
      subject: service.name,
      message: `${missing.join(', ')} ${missing.length === 1 ? 'does' : 'do'} not exist`,
      hint: `Is its file system mounted? If it moved, correct services.${service.name}.backup.paths.`,
      retry: 'later',
    });
  },
});

/** Why a repository could not be opened: the other jobs of this run need not find that out again, each after its hooks. */
export type Outages = Map<string, HoldfastError>;
const OUTAGES: ReadonlySet<unknown> = new Set([
  'repository-unreachable',
  'repository-missing',
  'wrong-password',
  'secret-unreadable',
]);

async function unlessOut(outages: Outages, repository: string, work: () => Promise<StepResult>): Promise<StepResult> {
  const outage = outages.get(repository);
  if (outage) throw outage;
  try {
    return await work();
  } catch (error) {
    if (error instanceof HoldfastError && OUTAGES.has(error.code)) outages.set(repository, error);
    throw error;
  }
}

export const backupStep = (job: Job, toolbox: Toolbox, outages: Outages): Step => ({
  id: stepId.backup(job.service.name, job.repository.name),
  title: `Back up ${job.service.name} to ${job.repository.name}`,
  stage: 'backup',
  service: job.service.name,
  repository: job.repository.name,
  needs: [RESTIC, stepId.preflight('repository', job.repository.name), stepId.preflight('source', job.service.name)],
  // A service's hooks are for one backup at a time: its jobs take turns, here by the lane, between processes by the lock.
  lanes: [...(hasHooks(job) ? [serviceLock(job.service.name)] : []), repositoryLock(job.repository.name)],
  locks: [
    { name: repositoryLock(job.repository.name), mode: 'shared' },
    { name: serviceLock(job.service.name), mode: hasHooks(job) ? 'exclusive' : 'shared' },
  ],
  timeout: job.backup.timeout,
  weight: 'counted',
  run: (context) => unlessOut(outages, job.repository.name, () => backUp(job, toolbox, context)),
});

const hasHooks = ({ backup }: Job): boolean => backup.hooks.before.length + backup.hooks.after.length > 0;

/** Declared, and not backed up by this version: never silently. */
export const engineStep = (service: ServiceConfig): Step => ({
  id: stepId.backup(service.name, 'postgres'),
  title: `Back up the PostgreSQL cluster of ${service.name}`,
  stage: 'backup',
  service: service.name,
  weight: 'counted',
  run: () =>
    Promise.reject(
      new HoldfastError({
        code: 'unsupported',
        operation: 'back up',
        subject: service.name,
        message: 'this version of Holdfast has no PostgreSQL engine yet',
        hint: 'Keep the way in which it is backed up today, and take `postgres` out of this service until then.',
      }),
    ),
});

const nothingSelected = ({ services, repository, tag }: RunSelection): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'select',
    subject: services.join(' ') || 'services',
    message: `nothing of ${services.join(' ') || 'any service'} is backed up${repository === undefined ? '' : ` to ${repository}`}${tag === undefined ? '' : ` under the tag ${tag}`}`,
    hint: '`holdfast config show` lists what each service backs up, where to, and under which tags.',
  });
