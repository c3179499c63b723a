// The report of how well each service is protected, from the configuration and the journal alone: no repository is asked.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { serverDirectories } from '../../config/server-directories.ts';
import type { Drill } from '../../domain/drill.ts';
import type { Duration } from '../../domain/duration.ts';
import { EXIT } from '../../domain/exit-code.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import { jobName } from '../../domain/naming.ts';
import { type Count, type Protection, PROTECTION_VERDICTS, type ProtectionVerdict } from '../../domain/protection.ts';
import type { RepositoryStanding, Standing } from '../../domain/standing.ts';
import { drillOf, type JobFacts, type LastRun } from './job-facts.ts';
import { type ProblemsJournal, problemsOf, type Silence, type StatusProblem } from './problems.ts';
import { stuckChannels, type ToldJournal } from './stuck-channels.ts';
import { unheardProblems } from './unheard-problems.ts';
import { weigh, type WeighedService, type WeighingJournal } from './weigh.ts';

export interface JobStatus {
  readonly job: string;
  readonly repository: string;
  readonly location: 'onsite' | 'offsite';
  readonly medium: string;
  readonly standing: Standing;
  readonly newest: {
    readonly snapshotId: string;
    readonly at: string;
    readonly ageSeconds: number | null;
    readonly files: number | null;
    readonly bytes: number | null;
    /** How it came there: made, or found to be the very copy of one that was made elsewhere. */
    readonly how: 'backup' | 'copy';
  } | null;
  readonly rpoSeconds: number | null;
  readonly lastRun: (Pick<LastRun, 'runId' | 'outcome' | 'reason'> & { readonly at: string }) | null;
  readonly failing: boolean;
  /** Of the repository as a whole: when it was last read and found sound, and since when all of its data has been read. */
  readonly verifiedAt: string | null;
  readonly dataReadSince: string | null;
  /** The last drill that proved a copy. */
  readonly drill: ({ readonly at: string; readonly snapshotId: string } & Drill) | null;
  readonly failedDrill: { readonly at: string; readonly snapshotId: string; readonly reason: string | null } | null;
  /** What can no longer be read. */
  readonly damage: {
    readonly since: string;
    readonly newest: boolean;
    readonly snapshots: number;
    readonly items: readonly string[];
    /** The first of the paths that are affected. */
    readonly paths: readonly string[];
  } | null;
  /** The part of the service's `missing` that is about this repository. */
  readonly issues: readonly string[];
}

export interface ServiceStatus {
  readonly service: string;
  readonly class: string;
  readonly verdict: ProtectionVerdict;
  readonly copies: Count;
  readonly media: Count;
  readonly offsite: Count;
  readonly rpoSeconds: number | null;
  readonly rtoSeconds: number | null;
  /** The fastest way back by the newest drills. */
  readonly recovery: { readonly seconds: number; readonly repository: string; readonly extrapolated: boolean } | null;
  readonly drilledAt: string | null;
  readonly missing: readonly string[];
  readonly unproven: readonly string[];
  /** Where it is live, also the data of its PostgreSQL server. */
  readonly paths: readonly string[];
  readonly jobs: readonly JobStatus[];
}

export interface StatusReport {
  readonly schemaVersion: 1;
  readonly kind: 'status';
  readonly host: string;
  readonly at: string;
  /** What `status --check` ends with. */
  readonly checkExitCode: number;
  readonly counts: Readonly<Record<ProtectionVerdict, number>>;
  readonly problems: readonly StatusProblem[];
  /** Those at the greatest risk first. */
  readonly services: readonly ServiceStatus[];
}

/** The part of the journal that a status is read from. */
export type StatusJournal = WeighingJournal & ProblemsJournal & ToldJournal;

export interface StatusInput {
  readonly config: Pick<Configuration, 'host' | 'repositories' | 'notifications'>;
  /** Those asked for. */
  readonly services: readonly ServiceConfig[];
  readonly journal: StatusJournal;
  readonly now: Instant;
}

export function statusOf({ config, services, journal, now }: StatusInput): StatusReport {
  const { services: weighed, repositories: wholes } = weigh({ config, services, journal, now });
  const statuses = weighed.map(serviceStatus).toSorted(byRisk);
  const asked = new Set(services.flatMap(({ backup }) => backup?.repositories ?? []));
  const repositories = [...wholes].flatMap(([name, whole]) => (asked.has(name) ? [{ name, whole }] : []));
  const problems = problemsOf(weighed, repositories, journal, silenceOf(config, journal, now), now);
  const count = (verdict: ProtectionVerdict): number => statuses.filter((each) => each.verdict === verdict).length;
  return {
    schemaVersion: 1,
    kind: 'status',
    host: config.host,
    at: formatInstant(now),
    checkExitCode: checkExitCode(statuses, problems),
    // every verdict is a key
    counts: Object.fromEntries(PROTECTION_VERDICTS.map((each) => [each, count(each)])) as Record<ProtectionVerdict, number>,
    problems,
    services: statuses,
  };
}

const silenceOf = (config: StatusInput['config'], journal: ToldJournal, now: Instant): Silence => ({
  stuck: stuckChannels(config, journal, now),
  unheard: unheardProblems(config, journal, now),
});

/** 2 when a service is unprotected, 1 when one is at risk or something else is wrong that cannot stay so. */
function checkExitCode(services: readonly ServiceStatus[], problems: readonly StatusProblem[]): number {
  if (services.some(({ verdict }) => verdict === 'unprotected')) return EXIT.failed;
  const wrong =
    services.some(({ verdict }) => verdict === 'at-risk') || problems.some((each) => each.severity === 'problem');
  return wrong ? EXIT.partial : EXIT.ok;
}

/** The worst verdict first; of equal ones that which may lose the least. */
const byRisk = (a: ServiceStatus, b: ServiceStatus): number =>
  PROTECTION_VERDICTS.indexOf(a.verdict) - PROTECTION_VERDICTS.indexOf(b.verdict) ||
  (a.rpoSeconds ?? Number.MAX_VALUE) - (b.rpoSeconds ?? Number.MAX_VALUE) ||
  (a.service < b.service ? -1 : 1);

function serviceStatus({ service, facts, protection }: WeighedService): ServiceStatus {
  const { protection: owed } = service;
  return {
    service: service.name,
    class: owed.class,
    ...countsOf(protection),
    rpoSeconds: secondsOf(owed.rpo),
    rtoSeconds: secondsOf(owed.rto),
    recovery: protection.recovery && {
      seconds: protection.recovery.time / 1000,
      repository: protection.recovery.repository,
      extrapolated: protection.recovery.extrapolated,
    },
    drilledAt: protection.drilledAt === null ? null : formatInstant(protection.drilledAt),
    missing: protection.missing,
    unproven: protection.unproven,
    paths: [...(service.backup?.paths ?? []), ...serverDirectories(service)],
    jobs: facts.flatMap((fact, index) => {
      const standing = protection.repositories[index];
      return standing ? [jobStatus(service.name, fact, standing)] : [];
    }),
  };
}

const countsOf = ({
  verdict,
  copies,
  media,
  offsite,
}: Protection): Pick<Protection, 'verdict' | 'copies' | 'media' | 'offsite'> => ({
  verdict,
  copies,
  media,
  offsite,
});

function jobStatus(service: string, facts: JobFacts, standing: RepositoryStanding): JobStatus {
  const { repository, whole, lastRun, drill, failedDrill, damage } = facts;
  const newest = facts.copy ?? facts.future;
  return {
    job: jobName(service, repository.name),
    repository: repository.name,
    location: repository.location,
    medium: repository.medium,
    standing: standing.standing,
    newest: newest && {
      snapshotId: newest.snapshotId,
      at: formatInstant(newest.at),
      ageSeconds: secondsOf(standing.age),
      files: numberOf(newest.detail['files']),
      bytes: numberOf(newest.detail['bytes']),
      how: newest.kind === 'copy' ? 'copy' : 'backup',
    },
    rpoSeconds: secondsOf(standing.rpo),
    lastRun: lastRun && {
      runId: lastRun.runId,
      outcome: lastRun.outcome,
      at: formatInstant(lastRun.endedAt),
      reason: lastRun.reason,
    },
    failing: standing.failing,
    verifiedAt: whole.verifiedAt === null ? null : formatInstant(whole.verifiedAt),
    dataReadSince: whole.readSince === null ? null : formatInstant(whole.readSince),
    drill: drill && { at: formatInstant(drill.at), snapshotId: drill.snapshotId, ...drillOf(drill) },
    failedDrill: failedDrill && {
      at: formatInstant(failedDrill.at),
      snapshotId: failedDrill.snapshotId,
      reason: drillOf(failedDrill).reason,
    },
    damage: damage && { ...damage, since: formatInstant(damage.since) },
    issues: standing.issues,
  };
}

const secondsOf = (span: Duration | null): number | null => (span === null ? null : span / 1000);
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
