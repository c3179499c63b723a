// From configuration and journal to the figures that metrics are made of. The verdicts are those of `holdfast status`, computed by
// the same functions. No repository is opened.

import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { unsuccessfulShare } from '../../domain/gate-verdict.ts';
import type { Duration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { jobName, stepId } from '../../domain/naming.ts';
import type { RepositoryStanding } from '../../domain/standing.ts';
import type { StorageHealth } from '../../domain/storage-health.ts';
import type { EndedRun, Journal, StepEnd } from '../../journal/journal.ts';
import type {
  ArchiveFigures,
  DatasetFigures,
  ExpectedJob,
  GateFigures,
  JobFigures,
  MetricsInput,
  PostgresFigures,
  QueueFigures,
  RepositoryFigures,
  ServiceFigures,
} from '../../observe/metrics/input.ts';
import { usedPools } from '../datasets/storage-health.ts';
import { driftedProperties } from '../datasets/compared.ts';
import { standingHold } from '../gate/hold-record.ts';
import { GATE } from '../gate/one-gate.ts';
import { owedWithin } from '../postgres/archive-verdict.ts';
import { replicaFigures } from '../replication/figures.ts';
import { snapshotFigures } from '../snapshot-policy/figures.ts';
import { endsOf, lastOf, patienceWith } from '../schedule/attendance.ts';
import { EVERYTHING } from '../status/believed-copy.ts';
import { type ScheduledJob, scheduledJobs } from '../schedule/scheduled-jobs.ts';
import { recordedCounts } from '../status/held-counts.ts';
import { drillOf, type JobFacts, restorableUntil } from '../status/job-facts.ts';
import type { RepositoryFacts } from '../status/repository-facts.ts';
import { weigh, type WeighedService, type WeighingJournal } from '../status/weigh.ts';
import { recoveryFigures } from './recovery-figures.ts';
import type { Space } from './space.ts';

export type MetricsJournal = WeighingJournal &
  Pick<Journal, 'latestStep' | 'latestSteps' | 'latestRuns' | 'run' | 'keptEffects' | 'notifications'>;

export interface Gathering {
  readonly configuration: Configuration;
  readonly journal: MetricsJournal;
  readonly now: Instant;
}

export function gatherMetrics({ configuration, journal, now }: Gathering): MetricsInput {
  const services = [...configuration.services.values()];
  const weighed = weigh({ config: configuration, services, journal, now });
  const jobs = weighed.services.flatMap(jobsOf);
  const counts = recordedCounts(journal, [...configuration.repositories.keys()]);
  const runs = journal.latestRuns();
  const gate = runs.find(({ kind }) => kind === GATE);
  return {
    host: configuration.host,
    at: now,
    jobs: jobs.map((job) => jobFigures(job, lastAttempt(job, journal), counts)),
    repositories: usedRepositories(configuration).flatMap((repository) => {
      const facts = weighed.repositories.get(repository.name);
      return facts ? [repositoryFigures(repository, facts, jobs, journal)] : [];
    }),
    services: weighed.services.map(serviceFigures),
    recoveries: recoveryFigures(configuration, journal),
    postgres: postgresFigures(weighed.services, journal),
    archives: weighed.services.flatMap(archiveFigures),
    gate: gate === undefined ? null : gateFigures(gate, journal),
    hold: standingHold(journal),
    runs,
    notifications: queueFigures(configuration, journal),
    datasets: datasetFigures(configuration, journal),
    pools: usedPools(configuration).map((pool) => ({ pool, health: null })),
    spaces: [],
    snapshots: snapshotFigures(configuration.replication.snapshots, journal),
    replicas: replicaFigures(configuration, journal, now),
    expected: expectedJobs(configuration, journal, runs, now),
  };
}

/** Of those that are declared and were compared. */
function datasetFigures({ datasets }: Configuration, journal: MetricsJournal): DatasetFigures[] {
  return datasets.flatMap(({ name, service }) => {
    const [newest] = journal.evidence({ kind: 'dataset', service: service ?? '', limit: 1 });
    if (newest?.detail['dataset'] !== name) return []; // it had another name then
    return [{ dataset: name, comparedAt: newest.at, drift: driftedProperties(newest.detail) }];
  });
}

function expectedJobs(
  configuration: Configuration,
  journal: MetricsJournal,
  runs: readonly EndedRun[],
  now: Instant,
): ExpectedJob[] {
  const jobs = scheduledJobs(configuration);
  const isOwedAge = ({ kind, service }: ScheduledJob): boolean =>
    kind === 'run' && (configuration.services.get(service ?? '')?.protection.rpo ?? null) !== null;
  const watched = jobs.filter((job) => !isOwedAge(job));
  const ends = endsOf(watched, { latestSteps: (ids) => journal.latestSteps(ids), latestRuns: () => runs });
  return jobs.flatMap((job) => {
    const { id, kind, service, repositories, frequency } = job;
    const patience = patienceWith(job);
    const known = ends.get(id);
    const attendance =
      patience === null || known === undefined
        ? null
        : { lastEnd: lastOf(known, patience, now), patienceSeconds: patience / 1000 };
    const places = kind === 'run' || kind === 'verify' ? repositories : [null]; // a drill takes whichever it likes
    return places.map((repository) => ({ id, kind, service, repository, frequency, attendance }));
  });
}

/** Of every channel that is configured, or for which something still waits. */
function queueFigures({ notifications }: Configuration, journal: MetricsJournal): QueueFigures[] {
  const standing = new Map(journal.notifications.standing().map((each) => [each.channel, each]));
  const channels = new Set([...notifications.channels.map(({ name }) => name), ...standing.keys()]);
  return [...channels].map((channel) => {
    const { waiting = 0, oldestAt = null, failingSince = null } = standing.get(channel) ?? {};
    return { channel, waiting, oldestAt, failingSince };
  });
}

/** With what the file systems and pools said of those that answered. */
export const withStorage = (
  input: MetricsInput,
  spaces: ReadonlyMap<string, Space>,
  storage: StorageHealth | null,
): MetricsInput => ({
  ...input,
  pools: input.pools.map(({ pool }) => ({ pool, health: storage?.pools.get(pool) ?? null })),
  spaces: storage?.datasets ?? [],
  repositories: input.repositories.map((each) => ({ ...each, space: spaces.get(each.repository) ?? null })),
});

export function usedRepositories({
  repositories,
  services,
}: Pick<Configuration, 'repositories' | 'services'>): RepositoryConfig[] {
  const used = new Set([...services.values()].flatMap(({ backup }) => backup?.repositories ?? []));
  return [...repositories.values()].filter(({ name }) => used.has(name));
}

/** One service in one repository. */
interface WeighedJob {
  readonly service: string;
  readonly facts: JobFacts;
  readonly standing: RepositoryStanding;
}

const jobsOf = ({ service, facts, protection }: WeighedService): WeighedJob[] =>
  facts.flatMap((each, index) => {
    const standing = protection.repositories[index];
    return standing ? [{ service: service.name, facts: each, standing }] : [];
  });

/** What a gate skipped was no attempt. */
function lastAttempt({ service, facts: { repository, lastRun } }: WeighedJob, journal: MetricsJournal): StepEnd | null {
  return lastRun?.outcome === 'skipped' ? journal.latestStep(stepId.backup(service, repository.name), 'done') : lastRun;
}

function jobFigures(
  { service, facts, standing }: WeighedJob,
  last: StepEnd | null,
  counts: ReadonlyMap<string, number>,
): JobFigures {
  const { repository, drill, failedDrill } = facts;
  const newest = facts.copy ?? facts.future;
  return {
    service,
    repository: repository.name,
    lastAttempt: last && last.endedAt !== null ? attemptFigures(last, last.endedAt) : null,
    newest: newest && {
      at: newest.at,
      ageSeconds: secondsOf(standing.age),
      files: numberOf(newest.detail['files']),
      bytes: numberOf(newest.detail['bytes']),
    },
    rpoSeconds: secondsOf(standing.rpo),
    snapshots: counts.get(jobName(service, repository.name)) ?? null,
    drill:
      drill === null && failedDrill === null
        ? null
        : { proved: failedDrill === null, at: drill?.at ?? null, seconds: drill && drillOf(drill).seconds },
  };
}

const attemptFigures = ({ outcome, startedAt, result }: StepEnd, at: Instant): JobFigures['lastAttempt'] => ({
  outcome,
  at,
  seconds: startedAt === null ? null : secondsOf(elapsed(startedAt, at)),
  bytesAdded: numberOf(result?.['bytesAdded']),
});

function repositoryFigures(
  repository: RepositoryConfig,
  { verifiedAt, flaws }: RepositoryFacts,
  jobs: readonly WeighedJob[],
  journal: MetricsJournal,
): RepositoryFigures {
  const looks = [stepId.verify(repository.name), stepId.scrub(repository.name)].flatMap((id) => {
    const step = journal.latestStep(id, 'done');
    return step === null || step.endedAt === null
      ? []
      : [{ at: step.endedAt, failed: step.outcome === 'failed' || step.outcome === 'timed-out' }];
  });
  const failedSince = looks.some(({ at, failed }) => failed && at > (verifiedAt ?? 0));
  const drills = jobs.map(({ facts }) => facts).filter((facts) => facts.repository.name === repository.name);
  return {
    repository: repository.name,
    sound: verifiedAt !== null && flaws.size === 0 && !failedSince,
    verifiedAt,
    attemptedAt: looks.length === 0 ? null : (Math.max(...looks.map(({ at }) => at)) as Instant), // the last of instants is one
    restorable: drills.some(({ drill }) => drill !== null) && drills.every(({ failedDrill }) => failedDrill === null),
    space: null,
  };
}

const serviceFigures = ({ service, protection }: WeighedService): ServiceFigures => ({
  service: service.name,
  class: service.protection.class,
  verdict: protection.verdict,
  copies: protection.copies,
  media: protection.media,
  offsite: protection.offsite,
  rtoSeconds: secondsOf(service.protection.rto),
  measuredRtoSeconds: secondsOf(protection.recovery?.time ?? null),
});

/** Verified is what the last drill of every server restored; an offsite copy counts while it is as new as is owed. */
function postgresFigures(weighed: readonly WeighedService[], journal: Pick<Journal, 'evidence'>): PostgresFigures | null {
  const servers = weighed.filter(({ service }) => service.postgres !== null);
  if (servers.length === 0) return null;
  const verified = servers.every(({ service: { name } }) => {
    const drills = journal.evidence({ service: name, kind: 'drill', limit: EVERYTHING });
    return drills.toSorted((a, b) => b.at - a.at)[0]?.complete === true;
  });
  const declared = servers.filter(({ service }) => (service.postgres?.offsite ?? null) !== null);
  if (declared.length === 0) return { verified, offsite: null, offsiteVerified: null };
  const copies = declared.map((each) =>
    jobsOf(each).find(({ facts }) => facts.repository.name === each.service.postgres?.offsite),
  );
  return {
    verified,
    offsite: copies.every((copy) => copy?.standing.standing === 'fresh'),
    offsiteVerified: copies.every(
      (copy) => copy !== undefined && copy.facts.drill !== null && copy.facts.failedDrill === null,
    ),
  };
}

/** Of each repository that was looked at where it is now. */
const archiveFigures = ({ service, facts }: WeighedService): ArchiveFigures[] =>
  facts.flatMap(({ repository, archive }) =>
    archive === null
      ? []
      : [
          {
            service: service.name,
            repository: repository.name,
            lookedAt: archive.at,
            whole: archive.complete,
            restorableUntil: restorableUntil(archive),
            owedSeconds: secondsOf(owedWithin(service)),
            waiting: numberOf(archive.detail['waiting']),
            failures: numberOf(archive.detail['failures']),
            timelines: lengthOf(archive.detail['timelines']),
            foreignTimelines: lengthOf(archive.detail['foreign']),
          },
        ],
  );

function gateFigures(run: ReturnType<Journal['latestRuns']>[number], journal: Pick<Journal, 'run'>): GateFigures {
  return { ...run, unsuccessfulShare: unsuccessfulShare(journal.run(run.id)?.steps ?? []) };
}

const secondsOf = (span: Duration | null): number | null => (span === null ? null : span / 1000);
const lengthOf = (value: unknown): number | null => (Array.isArray(value) ? value.length : null);
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
