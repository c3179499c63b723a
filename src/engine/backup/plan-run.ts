// The plan of `holdfast run`: for each job one step, and before it only what that job depends on, so that a dead NAS does
// not stop the offsite copy.

import type { Configuration, RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { heldHint, heldWords } from '../../domain/empty-start.ts';
import type { BackupKind } from '../../domain/postgres-backup.ts';
import { repositoryLock, serviceLock, stanzaLock, stepId } from '../../domain/naming.ts';
import { type Plan, PREFLIGHT, type Step, type StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { checkRepository } from '../../repositories/preflight.ts';
import { DumpDesk } from '../../sources/dumps/desk.ts';
import { SnapshotDesk } from '../../sources/snapshots/desk.ts';
import { requireVersion, resticVersion } from '../../tools/restic/version.ts';
import { configurationSteps } from '../configuration/keep-configuration.ts';
import { backUp, type Job, nameOf } from './backup-step.ts';
import { type ObservedScene, observeScene } from '../layers/observe-scene.ts';
import {
  engineJobs,
  hasOwnRepositories,
  isEngineRepository,
  jobInto,
  engineSteps,
  engineToolSteps,
} from '../postgres/plan-backup.ts';
import { copyJobOf, copyRepository } from '../postgres/copy-repository.ts';
import { lookAtSource } from './look-at-source.ts';
import type { Desks } from './open-sources.ts';
import { heldService, requireNotHeld } from '../recover/empty-starts.ts';
import { selectRepository, selectServices, unknownName } from '../select.ts';
import type { Toolbox } from '../toolbox.ts';

export interface RunSelection {
  /** Shell patterns; all services when empty. */
  readonly services: readonly string[];
  readonly repository?: string | undefined;
  /** Only services whose backup carries this tag. */
  readonly tag?: string | undefined;
  /** Of PostgreSQL servers, and nothing else is backed up then: a backup of this kind. What is due when it is not there. */
  readonly type?: BackupKind | undefined;
  /** Of PostgreSQL servers, and nothing else is backed up then: only where one is due. */
  readonly onlyDue?: boolean | undefined;
}

export interface SelectedJobs {
  readonly jobs: readonly Job[];
  /** Services with a PostgreSQL server; only when nothing else narrows the selection. */
  readonly engines: readonly ServiceConfig[];
  /** What was asked for and is not among them. */
  readonly warnings: readonly string[];
}

/** Throws `usage` for a name or combination that selects nothing. */
export function selectJobs(config: Configuration, selection: RunSelection): SelectedJobs {
  const services = selectServices(config, selection.services);
  const server = engineRepository(config, selection);
  const only = server ?? (selection.repository === undefined ? null : selectRepository(config, selection.repository).name);
  const { tag } = selection;
  const onlyServers = selection.type !== undefined || selection.onlyDue === true;
  const all = onlyServers ? [] : jobsOf(config, services);
  if (tag !== undefined && !all.some((job) => job.backup.tags.includes(tag))) {
    const known = [...config.services.values()].flatMap(({ backup }) => backup?.tags ?? []);
    throw unknownName('tag', tag, [...new Set(known)]);
  }
  const jobs = all.filter(
    (job) => (only === null || job.repository.name === only) && (tag === undefined || job.backup.tags.includes(tag)),
  );
  const engines = services.filter(
    (service) => hasOwnRepositories(service) && tag === undefined && (only === null || isInto(service, server)),
  );
  if (jobs.length + engines.length === 0) throw nothingSelected(selection);
  const served = new Set([...jobs.map((job) => job.service.name), ...engines.map((service) => service.name)]);
  const idle = services.filter(({ name }) => selection.services.includes(name) && !served.has(name));
  const where = `${only === null ? '' : ` to ${only}`}${tag === undefined ? '' : ` under the tag ${tag}`}`;
  return { jobs, engines, warnings: idle.map(({ name }) => `${name} was named, and nothing of it is backed up${where}`) };
}

/** The name that `--repository` gives, where that is one of a PostgreSQL server's own. */
const engineRepository = (config: Configuration, { repository }: RunSelection): string | null =>
  repository !== undefined && !config.repositories.has(repository) && isEngineRepository(config, repository)
    ? repository
    : null;

const isInto = (service: ServiceConfig, repository: string | null): boolean =>
  repository !== null && engineJobs(service).some((job) => jobInto(job, repository) !== null);

/** Throws as `selectJobs`. */
export function planRun(config: Configuration, selection: RunSelection, toolbox: Toolbox): Plan {
  const { jobs, engines, warnings } = selectJobs(config, selection);
  const choice = { type: selection.type ?? null, onlyDue: selection.onlyDue ?? false };
  const servers = engines.flatMap((service) =>
    engineSteps(service, toolbox.journal, choice, engineRepository(config, selection)),
  );
  const repositories = new Map(jobs.map((job) => [job.repository.name, job.repository]));
  const between = betweenJobs();
  const backups = jobs.map((job) => afterItsServer(backupStep(job, toolbox, between), job, servers));
  return {
    kind: 'run',
    host: config.host,
    warnings,
    limits: repositoryLimits([...repositories.values()]),
    steps: [
      ...(jobs.length > 0 ? [toolStep(toolbox)] : []),
      ...engineToolSteps(engines),
      ...[...repositories.values()].map(repositoryStep),
      ...sourceSteps(jobs),
      ...backups,
      ...servers,
      ...[...repositories.values()].flatMap((repository) => configurationStep(config, repository, backups, toolbox)),
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

/** A look at the data of each service, once, and at the mounts and datasets of this machine once for all of them. */
export function sourceSteps(jobs: readonly Job[]): Step[] {
  const each = [...new Map(jobs.map((job) => [job.service.name, job])).values()];
  let observed: Promise<ObservedScene> | null = null;
  const observe = (signal: AbortSignal): Promise<ObservedScene> => {
    observed ??= observeScene(
      each.map(({ service }) => service),
      signal,
    );
    return observed;
  };
  return each.map((job) => sourceStep(job, observe));
}

const sourceStep = ({ service, backup }: Job, observe: (signal: AbortSignal) => Promise<ObservedScene>): Step => ({
  id: stepId.preflight('source', service.name),
  title: `Check that the data of ${service.name} is there`,
  stage: PREFLIGHT,
  service: service.name,
  weight: 'advisory',
  timeout: duration(2, 'm'), // ZFS and each path have limits of their own
  async run(context) {
    if (backup.hooks.before.length > 0) return { outcome: 'succeeded' }; // they may make it: a dump. The backup itself looks
    const look = await lookAtSource(service, backup, await observe(context.signal), context.signal);
    for (const path of look.missing) context.warn(`${path} does not exist`);
    for (const sentence of look.layered) context.warn(sentence);
    return { outcome: 'succeeded', result: { ...look } };
  },
});

/** What the jobs of one run know of each other. */
export interface Between {
  /** Why a repository could not be opened: the others need not find that out again, each after its hooks. */
  readonly outages: Outages;
  readonly desks: Desks;
}
export const betweenJobs = (): Between => ({
  outages: new Map(),
  desks: { snapshots: new SnapshotDesk(), dumps: new DumpDesk() },
});
type Outages = Map<string, HoldfastError>;
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

export function backupStep(job: Job, toolbox: Toolbox, { outages, desks }: Between): Step {
  const { service, repository, backup } = job;
  const copied = copyJobOf(job);
  const stanza = copied && stanzaLock(copied.postgres.stanza);
  const from = backup.useSnapshots ? ' from a snapshot' : '';
  return {
    id: stepId.backup(service.name, repository.name),
    title: copied
      ? `Copy the pgBackRest repository of ${service.name} to ${repository.name}`
      : `Back up ${service.name} to ${repository.name}${from}`,
    stage: 'backup',
    service: service.name,
    repository: repository.name,
    needs: [RESTIC, stepId.preflight('repository', repository.name), stepId.preflight('source', service.name)],
    // A service's hooks are for one backup at a time: its jobs take turns, here by the lane, between processes by the lock.
    lanes: [
      ...(stanza === null ? [] : [stanza]),
      ...(hasHooks(job) ? [serviceLock(service.name)] : []),
      repositoryLock(repository.name),
    ],
    locks: [
      { name: repositoryLock(repository.name), mode: 'shared', places: repository.concurrency },
      { name: serviceLock(service.name), mode: hasHooks(job) ? 'exclusive' : 'shared' },
      // backups and expiry have it exclusively: what is copied stays as it is; who only reads it as well is not in the way
      ...(stanza === null ? [] : [{ name: stanza, mode: 'shared' as const }]),
    ],
    timeout: backup.timeout,
    weight: 'counted',
    ...heldFromStart(job, toolbox),
    async run(context) {
      requireNotHeld(toolbox.journal, service.name, 'back up', nameOf(job));
      const make = (): Promise<StepResult> =>
        unlessOut(outages, repository.name, () => backUp(job, toolbox, desks, context));
      return copied ? await copyRepository(copied, make, toolbox, context) : await make();
    },
  };
}

/** What a server's backups come to just now is in its offsite copy, too. */
const afterItsServer = (step: Step, { service, backup }: Job, servers: readonly Step[]): Step =>
  backup.serverCopy ? { ...step, after: servers.filter((each) => each.service === service.name).map(({ id }) => id) } : step;

/** A dry run tells what the run would fail with. */
function heldFromStart({ service }: Job, { journal }: Toolbox): Pick<Step, 'doomed' | 'foreseen'> {
  const held = heldService(journal, service.name);
  return held === null
    ? {}
    : { doomed: true, foreseen: { service: service.name, message: heldWords(held), hint: heldHint(held) } };
}

/** Last of all in each repository, and only where a copy of a service could be made: that is more urgent, and tells why not. */
function configurationStep(
  config: Configuration,
  repository: RepositoryConfig,
  backups: readonly Step[],
  toolbox: Toolbox,
): Step[] {
  const mine = backups.filter((step) => step.repository === repository.name).map(({ id }) => id);
  return configurationSteps(config, repository, toolbox, { after: mine }).map((step) => ({
    ...step,
    run: (context) =>
      mine.some((id) => context.resultOf(id) !== null)
        ? step.run(context)
        : Promise.resolve({ outcome: 'skipped', reason: 'no copy could be made there' }),
  }));
}

const hasHooks = ({ backup }: Job): boolean => backup.hooks.before.length + backup.hooks.after.length > 0;

const nothingSelected = ({ services, repository, tag }: RunSelection): HoldfastError =>
  new HoldfastError({
    code: 'usage',
    operation: 'select',
    subject: services.join(' ') || 'services',
    message: `nothing of ${services.join(' ') || 'any service'} is backed up${repository === undefined ? '' : ` to ${repository}`}${tag === undefined ? '' : ` under the tag ${tag}`}`,
    hint: '`holdfast config show` lists what each service backs up, where to, and under which tags.',
  });
