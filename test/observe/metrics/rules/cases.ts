// When each alert fires and when it does not, as series over time for `promtool test rules`. Time begins at zero there.

import { select } from '../../../../src/observe/metrics/expression.ts';
import { FAMILIES as F } from '../../../../src/observe/metrics/families.ts';
import type { AlertName } from '../../../../src/observe/metrics/rules/alert.ts';

export interface Case {
  readonly says: string;
  readonly alert: AlertName;
  /** Series to values, in promtool's notation, five minutes apart. */
  readonly series: Readonly<Record<string, string>>;
  readonly at: string;
  /** Labels of each that fires, beside those of the series. */
  readonly fires: readonly Readonly<Record<string, string>>[];
}

const hostname = 'forge';
const OF_JOB = { backup_job: 'sonarr', repository: 'nas', hostname } as const;
const OF_REPOSITORY = { repository: 'nas', hostname } as const;
/** Ten days and more of five minutes. */
const always = (value: number): string => `${value}+0x3000`;

const status = select(F.backupStatus, OF_JOB);
const attempt = select(F.backupLastAttempt, OF_JOB);
const success = select(F.backupLastSuccess, OF_JOB);
const rpo = select(F.rpo, OF_JOB);
const took = select(F.backupDuration, OF_JOB);
const expected = (kind: string): string =>
  select(F.expectedJob, { ...OF_JOB, kind, id: `${kind}:sonarr`, frequency: 'daily' });
const ofHost = (kind: string, id: string) => ({ hostname, id, kind, backup_job: '', repository: '' });
const declared = (kind: string, id = kind): string => select(F.expectedJob, { ...ofHost(kind, id), frequency: 'daily' });
const ended = (kind: string, id = kind): string => select(F.expectedJobLastEnd, ofHost(kind, id));
const patience = (kind: string, id = kind): string => select(F.expectedJobPatience, ofHost(kind, id));
const written = select(F.written, { hostname });
const verified = select(F.verificationStatus, OF_REPOSITORY);
const verifyAttempt = select(F.verificationLastAttempt, OF_REPOSITORY);
const drill = select(F.drillStatus, OF_JOB);
const verdict = (of: string): string =>
  select(F.serviceVerdict, { service: 'sonarr', hostname, class: 'standard', verdict: of });
const recovered = select(F.recoveryStatus, { service: 'sonarr', hostname });
const startedEmpty = select(F.startedEmpty, { service: 'sonarr', hostname });
const ofService = { service: 'sonarr', hostname, severity: 'critical' };
const OF_POOL = { pool: 'tank', hostname } as const;
const OF_DATASET = { dataset: 'tank/a', hostname } as const;
const healthy = select(F.poolHealthy, OF_POOL);
const dataErrors = select(F.poolDataErrors, OF_POOL);
const deviceErrors = select(F.poolDeviceErrors, OF_POOL);
const allocated = select(F.poolAllocated, OF_POOL);
const poolSize = select(F.poolSize, OF_POOL);
const used = select(F.datasetUsed, OF_DATASET);
const available = select(F.datasetAvailable, OF_DATASET);
const drifted = select(F.datasetDrift, { ...OF_DATASET, property: 'recordsize' });
const failing = select(F.queueFailing, { hostname, channel: 'phone' });
const until = select(F.holdUntil, { hostname });
const free = select(F.repositoryFree, OF_REPOSITORY);
const size = select(F.repositorySize, OF_REPOSITORY);
const postgres = select(F.postgresVerification, { hostname });
const offsite = select(F.postgresOffsite, { hostname });
const offsiteProof = select(F.postgresOffsiteVerification, { hostname });
const snapshotAt = select(F.snapshotNewest, OF_DATASET);
const snapshotMost = select(F.snapshotMaxAge, OF_DATASET);
const OF_REPLICA = { dataset: 'tank/a', target: 'nas', hostname } as const;
const lag = select(F.replicationLag, OF_REPLICA);
const lagKnown = select(F.replicationKnown, OF_REPLICA);
const maxLag = select(F.replicationMaxLag, OF_REPLICA);
const policyRun = (result: string): string => select(F.runResult, { hostname, kind: 'snapshot-prune', result });

const OF_SERVER = { service: 'db', repository: 'repo1', hostname } as const;
const restorable = select(F.postgresRestorable, OF_SERVER);
const restorableOwed = select(F.postgresOwed, OF_SERVER);
const whole = select(F.postgresArchiveWhole, OF_SERVER);

const HOUR = 3600;
const high = { ...OF_JOB, severity: 'high' };
const critical = { ...OF_JOB, severity: 'critical' };
const full = (severity: string): Record<string, string> => ({ ...OF_REPOSITORY, severity });

const one = (
  alert: AlertName,
  says: string,
  series: Case['series'],
  at: string,
  ...fires: readonly Readonly<Record<string, string>>[]
): Case => ({ alert, says, series, at, fires });

export const CASES: readonly Case[] = [
  one('UnifiedBackupFailed', 'a failed attempt', { [status]: always(0), [attempt]: always(1) }, '5m', critical),
  one('UnifiedBackupFailed', 'a success', { [status]: always(1), [attempt]: always(1) }, '1h'),
  one('UnifiedBackupFailed', 'no attempt yet', { [status]: always(0) }, '1h'),
  one('UnifiedBackupFailed', 'a success after a failure', { [status]: '0 0 1+0x20', [attempt]: always(1) }, '30m'),

  one('UnifiedBackupStale', 'within its RPO', { [success]: always(0), [rpo]: always(26 * HOUR) }, '25h'),
  one('UnifiedBackupStale', 'beyond its RPO', { [success]: always(0), [rpo]: always(26 * HOUR) }, '27h', high),
  one('UnifiedBackupStale', 'beyond two days', { [success]: always(0), [rpo]: always(26 * HOUR) }, '49h', high, critical),
  one('UnifiedBackupStale', 'beyond twice its RPO', { [success]: always(0), [rpo]: always(HOUR) }, '3h', high, critical),
  one('UnifiedBackupStale', 'less than twice its RPO', { [success]: always(0), [rpo]: always(HOUR) }, '110m', high),
  one('UnifiedBackupStale', 'two days where three are owed', { [success]: always(0), [rpo]: always(72 * HOUR) }, '50h'),
  one('UnifiedBackupStale', 'no age is owed', { [success]: always(0) }, '100h'),
  one('UnifiedBackupStale', 'attempts, and no copy', { [attempt]: always(1), [rpo]: always(HOUR) }, '10m', {
    ...critical,
    reason: 'none',
  }),

  one('UnifiedBackupSlow', 'ten times as long', { [took]: '60+0x900 600+0x50' }, '76h', { ...OF_JOB, severity: 'medium' }),
  one('UnifiedBackupSlow', 'as long as usual', { [took]: always(600) }, '76h'),
  one('UnifiedBackupSlow', 'a few minutes more', { [took]: '60+0x900 200+0x50' }, '76h'),
  one('UnifiedBackupSlow', 'without a history', { [took]: '60+0x100 600+0x50' }, '10h'),

  one('UnifiedBackupNeverRan', 'expected, and nothing known', { [expected('run')]: always(1) }, '2h', {
    ...high,
    id: 'run:sonarr',
    kind: 'run',
    frequency: 'daily',
  }),
  one('UnifiedBackupNeverRan', 'just declared', { [expected('run')]: always(1) }, '30m'),
  one('UnifiedBackupNeverRan', 'it ran', { [expected('run')]: always(1), [attempt]: always(1) }, '2h'),
  one('UnifiedBackupNeverRan', 'its record is lost', { [expected('run')]: always(1), [success]: always(1) }, '2h'),
  one('UnifiedBackupNeverRan', 'something else than a backup', { [expected('drill')]: always(1) }, '2h'),

  one(
    'ScheduledJobMissed',
    'retention that no longer runs',
    { [ended('retention')]: always(0), [patience('retention')]: always(27 * HOUR) },
    '29h',
    { hostname, id: 'retention', kind: 'retention', severity: 'high' },
  ),
  one(
    'ScheduledJobMissed',
    'retention that runs',
    { [ended('retention')]: '0+300x3000', [patience('retention')]: always(27 * HOUR) },
    '50h',
  ),
  one(
    'ScheduledJobMissed',
    'retention that was due a moment ago',
    { [ended('retention')]: always(0), [patience('retention')]: always(27 * HOUR) },
    '27h30m',
  ),
  one('ScheduledJobMissed', 'retention that never ran', { [declared('retention')]: always(1) }, '28h', {
    hostname,
    id: 'retention',
    kind: 'retention',
    frequency: 'daily',
    severity: 'high',
    reason: 'never-retention',
  }),
  one('ScheduledJobMissed', 'retention that was just declared', { [declared('retention')]: always(1) }, '26h'),
  one('ScheduledJobMissed', 'a verification that may take a week', { [declared('verify')]: always(1) }, '7d'),
  one('ScheduledJobMissed', 'a verification that never ran', { [declared('verify')]: always(1) }, '193h', {
    hostname,
    id: 'verify',
    kind: 'verify',
    frequency: 'daily',
    severity: 'high',
    reason: 'never-verify',
  }),
  one(
    'ScheduledJobMissed',
    'retention that ran once',
    { [declared('retention')]: always(1), [ended('retention')]: '0+300x3000', [patience('retention')]: always(27 * HOUR) },
    '50h',
  ),

  one('PostgresBackupVerificationFailed', 'not verified', { [postgres]: always(0) }, '30m', { hostname, severity: 'high' }),
  one('PostgresBackupVerificationFailed', 'no offsite copy', { [postgres]: always(1), [offsite]: always(0) }, '30m', {
    hostname,
    severity: 'high',
  }),
  one(
    'PostgresBackupVerificationFailed',
    'an offsite copy that no drill proved',
    { [postgres]: always(1), [offsite]: always(1), [offsiteProof]: always(0) },
    '30m',
    { hostname, severity: 'high' },
  ),
  one('PostgresBackupVerificationFailed', 'verified', { [postgres]: always(1), [offsite]: always(1) }, '30m'),
  one('PostgresBackupVerificationFailed', 'no PostgreSQL', {}, '30m'),

  one('BackupMonitoringUnhealthy', 'old', { [written]: always(0) }, '25m', { hostname, severity: 'high' }),
  one('BackupMonitoringUnhealthy', 'dated in the future', { [written]: always(9000) }, '25m', {
    hostname,
    severity: 'high',
  }),
  one('BackupMonitoringUnhealthy', 'gone', {}, '20m', { hostname, severity: 'high', reason: 'absent' }),
  one('BackupMonitoringUnhealthy', 'written every five minutes', { [written]: '0+300x100' }, '5h'),
  one('BackupMonitoringWatchdog', 'all is well', { [written]: '0+300x100' }, '5h', { hostname, severity: 'none' }),
  one('BackupMonitoringWatchdog', 'old', { [written]: always(0) }, '25m'),
  one('BackupMonitoringWatchdog', 'dated in the future', { [written]: always(9000) }, '25m'),
  one('BackupMonitoringWatchdog', 'gone', {}, '25m'),

  one('RestoreTestFailed', 'a drill that failed', { [drill]: always(0) }, '5m', high),
  one('RestoreTestFailed', 'a drill that proved', { [drill]: always(1) }, '5m'),
  one('RestoreTestFailed', 'never drilled', {}, '5m'),
  one('ServiceNotRecovered', 'its data could not be brought back', { [recovered]: always(0) }, '5m', ofService),
  one('ServiceNotRecovered', 'its data is there', { [recovered]: always(1) }, '5m'),
  one('ServiceStartedEmpty', 'it runs on nothing', { [startedEmpty]: always(1) }, '5m', ofService),
  one('ServiceStartedEmpty', 'it has its data', {}, '5m'),

  one('RepositoryVerificationFailed', 'damage', { [verified]: always(0), [verifyAttempt]: always(1) }, '5m', {
    ...OF_REPOSITORY,
    severity: 'high',
  }),
  one('RepositoryVerificationFailed', 'sound', { [verified]: always(1), [verifyAttempt]: always(1) }, '5m'),
  one('RepositoryVerificationFailed', 'not verified yet', { [verified]: always(0) }, '5m'),

  one('ServiceUnprotected', 'no copy', { [verdict('unprotected')]: always(1) }, '20m', {
    service: 'sonarr',
    hostname,
    class: 'standard',
    verdict: 'unprotected',
    severity: 'critical',
  }),
  one('ServiceUnprotected', 'at risk for hours', { [verdict('at-risk')]: always(1) }, '20h'),
  one('ServiceUnprotected', 'at risk for a day', { [verdict('at-risk')]: always(1) }, '25h', {
    service: 'sonarr',
    hostname,
    class: 'standard',
    verdict: 'at-risk',
    severity: 'medium',
  }),
  one('ServiceUnprotected', 'protected', { [verdict('protected')]: always(1) }, '25h'),
  one('ServiceUnprotected', 'nothing owed', { [verdict('not-owed')]: always(1) }, '25h'),

  one('NotificationsStuck', 'for two hours', { [failing]: always(0) }, '2h', {
    hostname,
    channel: 'phone',
    severity: 'high',
  }),
  one('NotificationsStuck', 'since a time in the future', { [failing]: always(90_000) }, '2h', {
    hostname,
    channel: 'phone',
    severity: 'high',
  }),
  one('NotificationsStuck', 'for half an hour', { [failing]: always(0) }, '30m'),
  one('NotificationsStuck', 'nothing waits', {}, '2h'),

  one('DeploymentHoldForgotten', 'past its end', { [until]: always(HOUR) }, '90m', { hostname, severity: 'high' }),
  one('DeploymentHoldForgotten', 'before its end', { [until]: always(HOUR) }, '30m'),
  one('DeploymentHoldForgotten', 'no hold', {}, '90m'),

  one('PostgresArchiveBehind', 'within what is owed', { [restorable]: always(0), [restorableOwed]: always(HOUR) }, '55m'),
  one('PostgresArchiveBehind', 'nothing is owed', { [restorable]: always(0) }, '50h'),
  one('PostgresArchiveBehind', 'older than owed', { [restorable]: always(0), [restorableOwed]: always(HOUR) }, '70m', {
    ...OF_SERVER,
    severity: 'high',
  }),
  one('PostgresArchiveBroken', 'whole', { [whole]: always(1) }, '1h'),
  one('PostgresArchiveBroken', 'not whole', { [whole]: always(0) }, '20m', { ...OF_SERVER, severity: 'high' }),

  one('SnapshotTooOld', 'of today', { [snapshotAt]: always(0), [snapshotMost]: always(48 * HOUR) }, '47h'),
  one('SnapshotTooOld', 'older than two days', { [snapshotAt]: always(0), [snapshotMost]: always(48 * HOUR) }, '49h', {
    ...OF_DATASET,
    severity: 'high',
  }),
  one(
    'SnapshotTooOld',
    'a weekly one of three days',
    { [snapshotAt]: always(0), [snapshotMost]: always(216 * HOUR) },
    '72h',
  ),
  one('SnapshotPolicyFailed', 'a pool that could not be pruned', { [policyRun('partial')]: always(1) }, '5m', {
    hostname,
    kind: 'snapshot-prune',
    result: 'partial',
    severity: 'high',
  }),
  one('SnapshotPolicyFailed', 'all is well', { [policyRun('succeeded')]: always(1) }, '5m'),

  one('ReplicationBehind', 'within what it may', { [lag]: always(11 * HOUR), [maxLag]: always(12 * HOUR) }, '10m'),
  one('ReplicationBehind', 'beyond it', { [lag]: always(13 * HOUR), [maxLag]: always(12 * HOUR) }, '10m', {
    ...OF_REPLICA,
    severity: 'medium',
  }),
  one(
    'ReplicationBehind',
    'beyond a day',
    { [lag]: always(25 * HOUR), [maxLag]: always(12 * HOUR) },
    '10m',
    { ...OF_REPLICA, severity: 'medium' },
    { ...OF_REPLICA, severity: 'critical' },
  ),
  one('ReplicationBehind', 'unknown, which is another alert', { [lagKnown]: always(0), [maxLag]: always(1) }, '3h'),
  one('ReplicationUnknown', 'unknown for an hour', { [lagKnown]: always(0) }, '61m', { ...OF_REPLICA, severity: 'high' }),
  one('ReplicationUnknown', 'known', { [lagKnown]: always(1) }, '3h'),

  one('RepositoryNearlyFull', '85 %', { [free]: always(15), [size]: always(100) }, '20m', full('medium')),
  one('RepositoryNearlyFull', '95 %', { [free]: always(5), [size]: always(100) }, '20m', full('medium'), full('critical')),
  one('RepositoryNearlyFull', 'half full', { [free]: always(50), [size]: always(100) }, '20m'),
  one('RepositoryNearlyFull', 'unknown', { [size]: always(100) }, '20m'),

  one('PoolUnhealthy', 'one that is degraded', { [healthy]: always(0) }, '15m', { ...OF_POOL, severity: 'critical' }),
  one('PoolUnhealthy', 'one that was slow once', { [healthy]: '0+0x1 1+0x20' }, '15m'),
  one('PoolUnhealthy', 'one that is whole', { [healthy]: always(1) }, '15m'),
  one('PoolUnhealthy', 'none', {}, '15m'),

  one('PoolErrors', 'something that is lost', { [dataErrors]: always(1) }, '5m', {
    ...OF_POOL,
    severity: 'critical',
    reason: 'data',
  }),
  one('PoolErrors', 'a device that fails', { [deviceErrors]: always(12) }, '5m', {
    ...OF_POOL,
    severity: 'high',
    reason: 'device',
  }),
  one('PoolErrors', 'no errors', { [dataErrors]: always(0), [deviceErrors]: always(0) }, '5m'),

  one('PoolNearlyFull', '85 %', { [allocated]: always(85), [poolSize]: always(100) }, '20m', {
    ...OF_POOL,
    severity: 'medium',
  }),
  one(
    'PoolNearlyFull',
    '95 %',
    { [allocated]: always(95), [poolSize]: always(100) },
    '20m',
    { ...OF_POOL, severity: 'medium' },
    { ...OF_POOL, severity: 'critical' },
  ),
  one('PoolNearlyFull', 'half full', { [allocated]: always(50), [poolSize]: always(100) }, '20m'),

  one(
    'DatasetNearlyFull',
    'a quota that is used up',
    { [used]: always(95), [available]: always(5) },
    '20m',
    {
      ...OF_DATASET,
      severity: 'medium',
    },
    { ...OF_DATASET, severity: 'critical' },
  ),
  one('DatasetNearlyFull', 'half full', { [used]: always(50), [available]: always(50) }, '20m'),

  one('DatasetDrift', 'a property that somebody changed', { [drifted]: always(1) }, '3h', {
    hostname,
    dataset: 'tank/a',
    property: 'recordsize',
    severity: 'medium',
  }),
  one('DatasetDrift', 'one that is being mended', { [drifted]: '1+0x12' }, '3h'),
  one('DatasetDrift', 'as declared', {}, '3h'),
];
