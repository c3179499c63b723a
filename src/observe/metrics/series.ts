// From figures to series, a table for each sort of thing. Pure. Unknown is never 1: where nothing is known, a status is 0 and a
// figure is not there.

import type { Instant } from '../../domain/instant.ts';
import { isHealthy } from '../../domain/storage-health.ts';
import type { Series } from './exposition.ts';
import { type Family, FAMILIES as F, type Label } from './families.ts';
import type {
  ArchiveFigures,
  ExpectedJob,
  GateFigures,
  JobFigures,
  MetricsInput,
  PoolFigures,
  PostgresFigures,
  QueueFigures,
  RecoveryFigures,
  ReplicaFigures,
  RepositoryFigures,
  RunFigures,
  ServiceFigures,
  SnapshotFigures,
} from './input.ts';

export function seriesOf(input: MetricsInput): Series[] {
  const { host: hostname, services, runs } = input;
  const gates = input.gate === null ? [] : [input.gate];
  const attempted = input.jobs.filter(({ lastAttempt }) => lastAttempt !== null);
  const ofHost = { hostname };
  const ofJob = ({ service, repository }: JobFigures): Labels<typeof F.backupStatus> => ({
    backup_job: service,
    repository,
    hostname,
  });
  const ofExpected = ({ id, kind, service, repository }: ExpectedJob): Labels<typeof F.expectedJobLastEnd> => ({
    hostname,
    id,
    kind,
    backup_job: service ?? '',
    repository: repository ?? '',
  });
  return [
    ...about(input.jobs, ofJob, JOB),
    ...about(attempted, (job) => ({ ...ofJob(job), result: job.lastAttempt?.outcome ?? '' }), [[F.backupResult, there]]),
    ...about(input.repositories, ({ repository }) => ({ repository, hostname }), REPOSITORY),
    ...about(input.postgres === null ? [] : [input.postgres], () => ofHost, POSTGRES),
    ...about(input.archives, ({ service, repository }) => ({ service, repository, hostname }), ARCHIVE),
    ...about(services, ({ service }) => ({ service, hostname }), SERVICE),
    ...about(services, (each) => ({ service: each.service, hostname, class: each.class }), [
      [F.serviceProtected, isProtected],
    ]),
    ...about(services, (each) => ({ service: each.service, hostname, class: each.class, verdict: each.verdict }), [
      [F.serviceVerdict, there],
    ]),
    ...about(input.recoveries, ({ service }) => ({ service, hostname }), RECOVERY),
    ...about(
      input.recoveries.flatMap(({ service, back }) => (back === null ? [] : [{ service, ...back }])),
      ({ service, repository }) => ({ service, hostname, repository }),
      [
        [F.recoveryBack, ({ at }) => secondsOf(at)],
        [F.recoveryDuration, ({ seconds }) => rounded(seconds)],
      ],
    ),
    ...about(gates, () => ofHost, GATE),
    ...about(gates, ({ outcome }) => ({ hostname, result: outcome }), [[F.gateResult, there]]),
    ...about(runs, ({ kind }) => ({ hostname, kind }), RUN),
    ...about(runs, ({ kind, outcome }) => ({ hostname, kind, result: outcome }), [[F.runResult, there]]),
    ...about(input.notifications, ({ channel }) => ({ hostname, channel }), QUEUE),
    ...about(input.datasets, ({ dataset }) => ({ dataset, hostname }), [
      [F.datasetCompared, ({ comparedAt }) => secondsOf(comparedAt)],
    ]),
    ...about(
      input.datasets.flatMap(({ dataset, drift }) => drift.map((property) => ({ dataset, property }))),
      (each) => ({ ...each, hostname }),
      [[F.datasetDrift, there]],
    ),
    ...about(input.pools, ({ pool }) => ({ pool, hostname }), POOL),
    ...about(input.spaces, ({ name }) => ({ dataset: name, hostname }), [
      [F.datasetUsed, ({ used }) => used],
      [F.datasetAvailable, ({ available }) => available],
    ]),
    ...about(input.snapshots, ({ dataset }) => ({ dataset, hostname }), SNAPSHOT),
    ...about(input.replicas, ({ dataset, target }) => ({ dataset, target, hostname }), REPLICA),
    ...about(input.expected, (job) => ({ ...ofExpected(job), frequency: job.frequency }), [[F.expectedJob, there]]),
    ...about(input.expected, ofExpected, EXPECTED),
    ...about([input], () => ofHost, HOST),
  ];
}

type Labels<Of extends Family> = Of extends Family<infer Names> ? Readonly<Record<Names, string>> : never;

/** Families with the same labels, each with the figure that it tells of a thing; null where that is not known. */
type Table<Thing, Names extends Label> = readonly (readonly [Family<Names>, (of: Thing) => number | null])[];

function about<Thing, Names extends Label>(
  things: readonly Thing[],
  labelsOf: (of: Thing) => Readonly<Record<NoInfer<Names>, string>>,
  table: Table<Thing, Names>,
): Series[] {
  const labels = things.map(labelsOf);
  return table.map(([family, figure]) => ({ family, labels, values: things.map(figure) }));
}

const secondsOf = (at: Instant | null | undefined): number | null => (at ? at / 1000 : null);
const rounded = (seconds: number | null): number | null => (seconds === null ? null : Math.round(seconds * 1000) / 1000);
const lasted = ({ startedAt, endedAt }: Pick<RunFigures, 'startedAt' | 'endedAt'>): number => (endedAt - startedAt) / 1000;
const flag = (holds: boolean): 0 | 1 => (holds ? 1 : 0);
/** What is told is in the labels. */
const there = (): 1 => 1;

const POOL: Table<PoolFigures, 'pool' | 'hostname'> = [
  [F.poolHealthy, ({ health }) => flag(health !== null && isHealthy(health))],
  [F.poolDataErrors, ({ health }) => health?.dataErrors ?? null],
  [F.poolDeviceErrors, ({ health }) => health?.deviceErrors ?? null],
  [F.poolSize, ({ health }) => health?.size ?? null],
  [F.poolAllocated, ({ health }) => health?.allocated ?? null],
];

const JOB: Table<JobFigures, 'backup_job' | 'repository' | 'hostname'> = [
  [F.backupStatus, ({ lastAttempt }) => flag(lastAttempt?.outcome === 'succeeded')],
  [F.backupDuration, ({ lastAttempt }) => lastAttempt?.seconds ?? null],
  [F.backupLastSuccess, ({ newest }) => (newest?.ageSeconds === null ? null : secondsOf(newest?.at))],
  [F.backupLastAttempt, ({ lastAttempt }) => secondsOf(lastAttempt?.at)],
  [F.backupBytesAdded, ({ lastAttempt }) => lastAttempt?.bytesAdded ?? null],
  [F.backupFiles, ({ newest }) => newest?.files ?? null],
  [F.backupSize, ({ newest }) => newest?.bytes ?? null],
  [F.backupSnapshots, ({ snapshots }) => snapshots],
  [F.rpo, ({ rpoSeconds }) => rpoSeconds],
  [F.newestCopyAge, ({ newest }) => newest?.ageSeconds ?? null],
  [F.restoreTestDuration, ({ drill }) => rounded(drill?.seconds ?? null)],
  [F.drillStatus, ({ drill }) => drill && flag(drill.proved)],
  [F.drillLastSuccess, ({ drill }) => secondsOf(drill?.at)],
];

const REPOSITORY: Table<RepositoryFigures, 'repository' | 'hostname'> = [
  [F.verificationStatus, ({ sound }) => flag(sound)],
  [F.verificationLastSuccess, ({ verifiedAt }) => secondsOf(verifiedAt)],
  [F.verificationLastAttempt, ({ attemptedAt }) => secondsOf(attemptedAt)],
  [F.restoreTestStatus, ({ restorable }) => flag(restorable)],
  [F.repositoryFree, ({ space }) => space?.free ?? null],
  [F.repositorySize, ({ space }) => space?.total ?? null],
];

const POSTGRES: Table<PostgresFigures, 'hostname'> = [
  [F.postgresVerification, ({ verified }) => flag(verified)],
  [F.postgresOffsite, ({ offsite }) => (offsite === null ? null : flag(offsite))],
  [F.postgresOffsiteVerification, ({ offsiteVerified }) => (offsiteVerified === null ? null : flag(offsiteVerified))],
];

const ARCHIVE: Table<ArchiveFigures, 'service' | 'repository' | 'hostname'> = [
  [F.postgresRestorable, ({ restorableUntil }) => secondsOf(restorableUntil)],
  [F.postgresOwed, ({ owedSeconds }) => owedSeconds],
  [F.postgresArchiveWhole, ({ whole }) => flag(whole)],
  [F.postgresArchiveLooked, ({ lookedAt }) => secondsOf(lookedAt)],
  [F.postgresWaiting, ({ waiting }) => waiting],
  [F.postgresFailures, ({ failures }) => failures],
  [F.postgresTimelines, ({ timelines }) => timelines],
  [F.postgresForeign, ({ foreignTimelines }) => foreignTimelines],
];

const SERVICE: Table<ServiceFigures, 'service' | 'hostname'> = [
  [F.serviceCopies, ({ copies }) => copies.have],
  [F.serviceCopiesOwed, ({ copies }) => copies.owed],
  [F.serviceMedia, ({ media }) => media.have],
  [F.serviceMediaOwed, ({ media }) => media.owed],
  [F.serviceOffsite, ({ offsite }) => offsite.have],
  [F.serviceOffsiteOwed, ({ offsite }) => offsite.owed],
  [F.measuredRto, ({ measuredRtoSeconds }) => rounded(measuredRtoSeconds)],
  [F.owedRto, ({ rtoSeconds }) => rtoSeconds],
];

const isProtected = ({ verdict }: ServiceFigures): number | null =>
  verdict === 'not-owed' ? null : flag(verdict === 'protected');

const RECOVERY: Table<RecoveryFigures, 'service' | 'hostname'> = [
  [F.recoveryStatus, ({ well }) => (well === null ? null : flag(well))],
  [F.recoveryEnd, ({ endedAt }) => secondsOf(endedAt)],
  [F.startedEmpty, ({ startedEmptyAt }) => secondsOf(startedEmptyAt)],
];

const GATE: Table<GateFigures, 'hostname'> = [
  [F.gateExitCode, ({ exitCode }) => exitCode],
  [F.gateUnsuccessful, ({ unsuccessfulShare }) => unsuccessfulShare],
  [F.gateDuration, lasted],
  [F.gateEnd, ({ endedAt }) => secondsOf(endedAt)],
];

const RUN: Table<RunFigures, 'hostname' | 'kind'> = [
  [F.runDuration, lasted],
  [F.runEnd, ({ endedAt }) => secondsOf(endedAt)],
];

const QUEUE: Table<QueueFigures, 'hostname' | 'channel'> = [
  [F.queueMessages, ({ waiting }) => waiting],
  [F.queueOldest, ({ oldestAt }) => secondsOf(oldestAt)],
  [F.queueFailing, ({ failingSince }) => secondsOf(failingSince)],
];

const SNAPSHOT: Table<SnapshotFigures, 'dataset' | 'hostname'> = [
  [F.snapshotNewest, ({ newestAt }) => secondsOf(newestAt) ?? 0],
  [F.snapshotMaxAge, ({ maxAgeSeconds }) => maxAgeSeconds],
];

const REPLICA: Table<ReplicaFigures, 'dataset' | 'target' | 'hostname'> = [
  [F.replicationLag, ({ lagSeconds }) => lagSeconds],
  [F.replicationKnown, ({ lagSeconds }) => flag(lagSeconds !== null)],
  [F.replicationMaxLag, ({ maxLagSeconds }) => maxLagSeconds],
  [F.replicationMeasured, ({ measuredAt }) => secondsOf(measuredAt)],
];

const EXPECTED: Table<ExpectedJob, 'hostname' | 'id' | 'kind' | 'backup_job' | 'repository'> = [
  [F.expectedJobLastEnd, ({ attendance }) => secondsOf(attendance?.lastEnd)],
  [F.expectedJobPatience, ({ attendance }) => attendance?.patienceSeconds ?? null],
];

const HOST: Table<MetricsInput, 'hostname'> = [
  [F.holdSince, ({ hold }) => secondsOf(hold?.since)],
  [F.holdUntil, ({ hold }) => secondsOf(hold?.until)],
  [F.written, ({ at }) => secondsOf(at)],
];
