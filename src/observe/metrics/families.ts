// Every metric that Holdfast emits: name, type, labels, meaning. What is emitted, alert rules, dashboard and reference page all
// take their names from this table, so that none can speak of a metric that is not there. One file, because it is one table.

export type Label =
  | 'backup_job'
  | 'repository'
  | 'hostname'
  | 'service'
  | 'class'
  | 'verdict'
  | 'result'
  | 'kind'
  | 'id'
  | 'frequency'
  | 'dataset'
  | 'pool'
  | 'property'
  | 'target'
  | 'channel';

export interface Family<Labels extends Label = Label> {
  readonly name: string;
  /** `untyped` where the name that people know ends in _total and the value goes down, too. */
  readonly type: 'gauge' | 'untyped';
  readonly labels: readonly Labels[];
  /** One line. */
  readonly help: string;
}

const family = <const Labels extends Label>(
  name: string,
  labels: readonly Labels[],
  help: string,
  type: Family['type'] = 'gauge',
): Family<Labels> => ({ name, type, labels, help });

/** One service into one repository. */
const JOB = ['backup_job', 'repository', 'hostname'] as const;
const REPOSITORY = ['repository', 'hostname'] as const;
const HOST = ['hostname'] as const;
/** A PostgreSQL server in one of its repositories. */
const SERVER = ['service', 'repository', 'hostname'] as const;
const SERVICE = ['service', 'hostname'] as const;
const POOL = ['pool', 'hostname'] as const;
const RUN = ['hostname', 'kind'] as const;
const EXPECTED = [...HOST, 'id', 'kind', 'backup_job', 'repository'] as const;
const REPLICA = ['dataset', 'target', 'hostname'] as const;
const CHANNEL = ['hostname', 'channel'] as const;

/** In the order in which they are emitted. */
export const FAMILIES = {
  backupStatus: family(
    'restic_backup_status',
    JOB,
    'Whether the last attempt succeeded: 1, otherwise 0; 0 also where there was none.',
  ),
  backupResult: family(
    'restic_backup_result',
    [...JOB, 'result'],
    'How the last attempt came out: 1 for that result, the others are not there.',
  ),
  backupDuration: family('restic_backup_duration_seconds', JOB, 'How long the last attempt took.'),
  backupLastSuccess: family(
    'restic_backup_last_success_timestamp',
    JOB,
    'Time of the newest complete copy that the repository is believed to hold. Not there without one, or when it is dated in the future.',
  ),
  backupLastAttempt: family(
    'restic_backup_last_attempt_timestamp',
    JOB,
    'When the last attempt ended. Not there before the first.',
  ),
  backupBytesAdded: family('restic_backup_bytes_added', JOB, 'Bytes that the last attempt added to the repository.'),
  backupFiles: family('restic_backup_files_total', JOB, 'Files in the newest complete copy.', 'untyped'),
  backupSize: family('restic_backup_size_bytes', JOB, 'Size of the files in the newest complete copy.'),
  backupSnapshots: family(
    'restic_backup_snapshots_total',
    JOB,
    'Snapshots of the service in the repository, by the last time that it was asked (holdfast status --refresh, daily by itself).',
    'untyped',
  ),
  rpo: family('holdfast_rpo_seconds', JOB, 'How old the newest complete copy may get. Not there where no age is owed.'),
  newestCopyAge: family('holdfast_newest_copy_age_seconds', JOB, 'Age of the newest complete copy when this was written.'),
  verificationStatus: family(
    'restic_verification_status',
    REPOSITORY,
    'Whether the last verification found the repository whole, and nothing known stands against that: 1, otherwise 0; 0 also where it was never verified.',
  ),
  verificationLastSuccess: family(
    'restic_verification_last_success_timestamp',
    REPOSITORY,
    'When the repository was last read with its key and found whole.',
  ),
  verificationLastAttempt: family(
    'restic_verification_last_attempt_timestamp',
    REPOSITORY,
    'When the last attempt to verify the repository ended.',
  ),
  restoreTestStatus: family(
    'restic_restore_test_status',
    REPOSITORY,
    'Whether restores from the repository were tried out and none failed since: 1, otherwise 0; 0 also where none was tried.',
  ),
  restoreTestDuration: family(
    'restic_restore_test_duration_seconds',
    JOB,
    'How long the last drill that proved a copy took.',
  ),
  drillStatus: family(
    'holdfast_drill_status',
    JOB,
    'Whether the last drill of the service from the repository proved a copy: 1, otherwise 0. Not there before the first.',
  ),
  drillLastSuccess: family(
    'holdfast_drill_last_success_timestamp_seconds',
    JOB,
    'When a drill last proved a copy of the service from the repository.',
  ),
  repositoryFree: family(
    'holdfast_repository_free_bytes',
    REPOSITORY,
    'Free space where a repository on a local path lies. Not there where that is not mounted or does not answer.',
  ),
  repositorySize: family(
    'holdfast_repository_filesystem_bytes',
    REPOSITORY,
    'Size of the file system that a local repository lies on.',
  ),
  postgresVerification: family(
    'postgres_backup_verification_status',
    HOST,
    'Whether backups of PostgreSQL are verified: 1, otherwise 0; 0 while none is on record. There once a PostgreSQL engine is declared.',
  ),
  postgresOffsite: family(
    'postgres_pgbackrest_offsite_backup_status',
    HOST,
    'Whether each pgBackRest repository has the offsite copy that is declared for it, as new as is owed: 1, otherwise 0; 0 while none is on record.',
  ),
  postgresOffsiteVerification: family(
    'postgres_backup_offsite_verification_status',
    HOST,
    'Whether the last drill from each such copy alone recovered its server: 1, otherwise 0; 0 while none is on record.',
  ),
  postgresRestorable: family(
    'holdfast_postgres_restorable_timestamp_seconds',
    SERVER,
    'The newest moment of a PostgreSQL server that can be had back from a repository, by the last look at its archive. Not there where there is none.',
  ),
  postgresOwed: family(
    'holdfast_postgres_restorable_owed_seconds',
    SERVER,
    'How old that moment may get (archiveWithin, else the RPO). Not there where nothing is owed.',
  ),
  postgresArchiveWhole: family(
    'holdfast_postgres_archive_status',
    SERVER,
    'Whether the last look at the archive found everything as it should be: 1, otherwise 0.',
  ),
  postgresArchiveLooked: family(
    'holdfast_postgres_archive_looked_timestamp_seconds',
    SERVER,
    'When that was. Not there before the first.',
  ),
  postgresWaiting: family(
    'holdfast_postgres_archive_waiting_files',
    SERVER,
    'Files of its log that the server had not archived then. Not there where it did not answer.',
  ),
  postgresFailures: family(
    'holdfast_postgres_archive_failures',
    SERVER,
    'How often the server had failed to archive a file since its statistics were begun.',
  ),
  postgresTimelines: family('holdfast_postgres_archive_timelines', SERVER, 'Timelines that the archive has.'),
  postgresForeign: family(
    'holdfast_postgres_archive_foreign_timelines',
    SERVER,
    "Those of them that are not the server's own.",
  ),
  serviceProtected: family(
    'holdfast_service_protected',
    [...SERVICE, 'class'],
    'Whether everything that the service is owed is proven: 1, otherwise 0. Not there where nothing is owed.',
  ),
  serviceVerdict: family(
    'holdfast_service_verdict',
    [...SERVICE, 'class', 'verdict'],
    '1 for the verdict of holdfast status (unprotected, at-risk, protected, not-owed); the others are not there.',
  ),
  serviceCopies: family('holdfast_service_copies', SERVICE, 'Copies that count, the live data among them.'),
  serviceCopiesOwed: family('holdfast_service_copies_owed', SERVICE, 'Copies that the class asks for.'),
  serviceMedia: family('holdfast_service_media', SERVICE, 'Different media that these copies lie on.'),
  serviceMediaOwed: family('holdfast_service_media_owed', SERVICE, 'Different media that the class asks for.'),
  serviceOffsite: family('holdfast_service_offsite_copies', SERVICE, 'Copies off site that count.'),
  serviceOffsiteOwed: family('holdfast_service_offsite_copies_owed', SERVICE, 'Copies off site that the class asks for.'),
  measuredRto: family(
    'holdfast_measured_rto_seconds',
    SERVICE,
    'How long having the service back takes, by the newest drills. Not there where nobody measured.',
  ),
  owedRto: family('holdfast_rto_seconds', SERVICE, 'How long having the service back may take.'),
  recoveryStatus: family(
    'holdfast_recovery_status',
    SERVICE,
    'Whether the last recovery found the data of the service there, or brought it back: 1, otherwise 0. Not there before the first.',
  ),
  recoveryEnd: family(
    'holdfast_recovery_last_end_timestamp_seconds',
    SERVICE,
    'When the last recovery of the service ended.',
  ),
  recoveryBack: family(
    'holdfast_recovery_last_success_timestamp_seconds',
    [...SERVICE, 'repository'],
    'When the last recovery that had something to do brought the data back, and from which repository. Not there where none did.',
  ),
  recoveryDuration: family('holdfast_recovery_duration_seconds', [...SERVICE, 'repository'], 'How long that took.'),
  startedEmpty: family(
    'holdfast_service_started_empty_timestamp_seconds',
    SERVICE,
    'Since when the service runs on nothing although there are copies of it. There only while it is held.',
  ),
  gateResult: family(
    'holdfast_gate_result',
    ['hostname', 'result'],
    '1 for the outcome of the last gate: succeeded is safe to deploy, partial acceptable, everything else do not deploy.',
  ),
  gateExitCode: family('holdfast_gate_exit_code', HOST, 'The exit code of the last gate: 0 safe to deploy, 1 acceptable.'),
  gateUnsuccessful: family(
    'holdfast_gate_unsuccessful_ratio',
    HOST,
    'Share of the units and jobs of the last gate that were due and did not come out well.',
  ),
  gateDuration: family('holdfast_gate_duration_seconds', HOST, 'How long the last gate took.'),
  gateEnd: family('holdfast_gate_last_end_timestamp_seconds', HOST, 'When the last gate ended.'),
  holdSince: family(
    'holdfast_gate_hold_since_timestamp_seconds',
    HOST,
    'Since when timers of backups are held for a deployment. There only while they are.',
  ),
  holdUntil: family(
    'holdfast_gate_hold_until_timestamp_seconds',
    HOST,
    'When that hold was to end. There only while timers are held.',
  ),
  runResult: family(
    'holdfast_run_result',
    [...RUN, 'result'],
    '1 for the outcome of the last run of a kind (run, verify, drill, retention ...).',
  ),
  runDuration: family('holdfast_run_duration_seconds', RUN, 'How long the last run of a kind took.'),
  runEnd: family('holdfast_run_last_end_timestamp_seconds', RUN, 'When the last run of a kind ended.'),
  queueMessages: family('holdfast_notification_queue_messages', CHANNEL, 'Notifications that wait to be delivered.'),
  queueOldest: family(
    'holdfast_notification_queue_oldest_timestamp_seconds',
    CHANNEL,
    'Since when the oldest of them waits. Not there where none does.',
  ),
  queueFailing: family(
    'holdfast_notification_queue_failing_since_timestamp_seconds',
    CHANNEL,
    'Since when nothing could be delivered to a channel. Not there where it does well, or waits for the end of quiet hours.',
  ),
  datasetDrift: family(
    'holdfast_dataset_drift',
    ['dataset', 'property', 'hostname'],
    '1 for each property of a dataset that was not as declared when they were last compared. None where it was.',
  ),
  poolHealthy: family(
    'holdfast_pool_healthy',
    POOL,
    '1 while a pool that the configuration speaks of is ONLINE; 0 where it is not, is not imported, or ZFS does not answer.',
  ),
  poolDataErrors: family('holdfast_pool_data_errors', POOL, 'Files and snapshots of a pool that cannot be read any more.'),
  poolDeviceErrors: family(
    'holdfast_pool_device_errors',
    POOL,
    'Reads, writes and checksums that failed at the devices of a pool, mended ones included, until they are cleared.',
  ),
  poolSize: family('holdfast_pool_size_bytes', POOL, 'Size of a pool.'),
  poolAllocated: family('holdfast_pool_allocated_bytes', POOL, 'What of a pool is in use.'),
  datasetUsed: family(
    'holdfast_dataset_used_bytes',
    ['dataset', 'hostname'],
    'What a dataset takes, with snapshots and all beneath it.',
  ),
  datasetAvailable: family(
    'holdfast_dataset_available_bytes',
    ['dataset', 'hostname'],
    'What a dataset may still take, by its quota and its pool.',
  ),
  datasetCompared: family(
    'holdfast_dataset_compared_timestamp_seconds',
    ['dataset', 'hostname'],
    'When a dataset was last compared with its declaration.',
  ),
  snapshotNewest: family(
    'holdfast_snapshot_newest_timestamp_seconds',
    ['dataset', 'hostname'],
    'When the newest snapshot of its policy was taken, of each dataset that has one; 0 where there is none. By the last time that holdfast snapshot take looked.',
  ),
  snapshotMaxAge: family(
    'holdfast_snapshot_max_age_seconds',
    ['dataset', 'hostname'],
    'How old that may get: two days, and the period of the shortest kind that is kept where that is longer than a day.',
  ),
  replicationLag: family(
    'zfs_replication_lag_seconds',
    REPLICA,
    'How much newer the newest snapshot of a dataset is than the newest that its replica has, too. Where it was not measured for long, everything since that one counts. Not there where it is unknown.',
  ),
  replicationKnown: family(
    'holdfast_replication_known',
    REPLICA,
    'Whether it is known how far the replica is behind: 1, otherwise 0; 0 also where nothing was ever sent.',
  ),
  replicationMaxLag: family('holdfast_replication_max_lag_seconds', REPLICA, 'How far the replica may be behind.'),
  replicationMeasured: family(
    'holdfast_replication_measured_timestamp_seconds',
    REPLICA,
    'When it was last measured. Not there where it never was.',
  ),
  expectedJob: family(
    'holdfast_expected_job_info',
    [...HOST, 'id', 'kind', 'backup_job', 'repository', 'frequency'],
    '1 for everything that should recur by the configuration, once for each repository that it is about: what has no other metric never happened.',
  ),
  expectedJobLastEnd: family(
    'holdfast_expected_job_last_end_timestamp_seconds',
    EXPECTED,
    'When a run of it last ended. Not there before the first, nor for backups of which an age is owed: these have restic_backup_last_attempt_timestamp.',
  ),
  expectedJobPatience: family(
    'holdfast_expected_job_patience_seconds',
    EXPECTED,
    'How long after its last run it is missed: the longest time between two by its schedule, its random delay, and a tenth, at least an hour, to queue and work in. There where the last end is told.',
  ),
  written: family('holdfast_metrics_written_timestamp_seconds', HOST, 'When these metrics were read from the journal.'),
} as const;

/** Those that are told twice, as _owed and as what there is, and so on, are separate entries. */
export const ALL_FAMILIES: readonly Family[] = Object.values(FAMILIES);
