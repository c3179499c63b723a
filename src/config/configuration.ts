// The effective configuration: what every other part reads. Parsed once at the border (schema.ts), defaults merged,
// shorthands resolved, every value of a domain type. It never holds a secret, only where one is found.
// One file, because it is one type, read from the top.

import type { Bytes } from '../domain/bytes.ts';
import type { DeclaredDataset } from '../domain/dataset.ts';
import type { Duration } from '../domain/duration.ts';
import type { Share } from '../domain/percentage.ts';
import type { Rate } from '../domain/rate.ts';
import type { RetentionPolicy } from '../domain/retention-policy.ts';
import type { EventKind, Priority } from '../domain/notification.ts';
import type { QuietHours } from '../domain/quiet-hours.ts';
import type { SnapshotPolicies, SnapshotPolicy } from '../domain/snapshot-policy.ts';
import type { Json } from '../lib/json.ts';
import type { ChannelFile } from './schema.ts';

export interface Configuration {
  readonly host: string;
  readonly stateDir: string;
  /** The files it was read from, the main file first. */
  readonly files: readonly string[];
  readonly repositories: ReadonlyMap<string, RepositoryConfig>;
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** ZFS datasets: first that below which services get theirs. */
  readonly datasets: readonly DeclaredDataset[];
  /** Those that are written. */
  readonly gates: ReadonlyMap<string, GateConfig>;
  readonly replication: ReplicationConfig;
  readonly verification: VerificationConfig;
  readonly metrics: MetricsConfig;
  readonly units: UnitsConfig;
  readonly agent: AgentConfig;
  readonly notifications: NotificationsConfig;
  /** Sections whose commands do not exist yet: validated, shown, otherwise unused. */
  readonly sections: Readonly<Record<string, Json>>;
  /** The same as one file, without secrets: see portable.ts. */
  readonly portable: string;
  readonly warnings: readonly ConfigProblem[];
}

/** Where a password comes from; read by restic itself, never by Holdfast. */
export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly argv: readonly [string, ...string[]] }
  | { readonly kind: 'credential'; readonly name: string };

export interface RepositoryConfig {
  readonly name: string;
  readonly url: string;
  readonly password: SecretSource;
  /** KEY=VALUE lines for the child process only. */
  readonly environmentFile: string | null;
  readonly primary: boolean;
  readonly location: 'onsite' | 'offsite';
  /** Copies on one medium count once for 3-2-1. */
  readonly medium: string;
  /** Must be a mount point, or nothing is written. */
  readonly mounted: string | null;
  readonly minFree: Bytes | null;
  readonly concurrency: number;
  /** How often services are backed up into it; null: as often as each of them says. */
  readonly frequency: string | null;
  readonly limits: { readonly upload: Rate | null; readonly download: Rate | null };
  /** How often unused data is removed for real (`restic prune`); null for never by itself. */
  readonly pruneEvery: Duration | null;
}

export interface ServiceConfig {
  readonly name: string;
  /** The systemd unit that owns the data, stopped and started by an in-place restore. */
  readonly unit: string | null;
  /** Null: nothing goes into repositories of restic (ephemeral, disabled, or a database engine of its own without an offsite copy). */
  readonly backup: BackupConfig | null;
  /** Its PostgreSQL server, backed up by an engine of its own (its jobs are not files). */
  readonly postgres: PostgresConfig | null;
  /** Its MariaDB server, which is dumped into its copies. */
  readonly mariadb: MariadbConfig | null;
  readonly protection: ProtectionConfig;
  readonly recover: RecoverConfig;
  readonly migrate: MigrateConfig;
}

/** A PostgreSQL server, and the tool that backs it up. */
export interface PostgresConfig {
  readonly engine: 'pgbackrest' | 'barman-cloud' | 'dump';
  readonly dataDir: string;
  /** What the engine calls the server: pgBackRest's stanza, barman's server name. */
  readonly stanza: string;
  /** Who runs the server and pgBackRest. */
  readonly user: string;
  /** The directory of the server's Unix socket; null: where its programs look by themselves. */
  readonly socket: string | null;
  readonly port: number;
  /** Null: where pgBackRest looks by itself. */
  readonly configFile: string | null;
  /** Where barman-cloud keeps it, which is then its only repository; null: of another engine. */
  readonly barman: BarmanConfig | null;
  /** Empty: those of the pgBackRest configuration that is there. */
  readonly repositories: readonly PostgresRepositoryConfig[];
  /** For repositories of a configuration that is there already. */
  readonly schedule: PostgresSchedule;
  readonly compress: 'zst' | 'lz4' | 'gz';
  /** How many processes compress and transfer at once; null: one, or what its configuration says. */
  readonly processes: number | null;
  /** Further options of pgBackRest, by their names there. */
  readonly options: Readonly<Record<string, string>>;
  /** How old the newest moment may get that can be restored; null: the RPO alone says. */
  readonly archiveWithin: Duration | null;
  /** The restic repository that receives a copy of the engine's; null: none. */
  readonly offsite: string | null;
  /** Databases that are not dumped. */
  readonly excludeDatabases: readonly string[];
}

/** Where barman-cloud keeps the backups and the log of one server. */
export interface BarmanConfig {
  /** 's3://bucket/path' */
  readonly destination: string;
  /** A directory below. */
  readonly serverName: string;
  /** Null: Amazon's own. */
  readonly endpointUrl: string | null;
  /** Null: where boto3 looks for the user of the server. */
  readonly credentialsFile: string | null;
  readonly profile: string | null;
  readonly compression: 'gzip' | 'bzip2' | 'none';
  /** At least so many backups, and as many as every moment of the window needs. */
  readonly retention: { readonly full: number; readonly window: Duration | null };
}

/** A database server that is dumped into each copy of its service. */
export type DumpsConfig = PostgresDumps | MariadbDumps;

export interface PostgresDumps {
  readonly kind: 'postgresql';
  /** Where the dumps stand in a copy. On this machine an empty directory of Holdfast's own. */
  readonly place: string;
  readonly server: PostgresConfig;
}

export interface MariadbDumps {
  readonly kind: 'mariadb';
  readonly place: string;
  readonly server: MariadbConfig;
}

/** A MariaDB server, which is dumped. */
export interface MariadbConfig {
  readonly dataDir: string;
  /** Its Unix socket. */
  readonly socket: string;
  /** An account of the server; null: as `defaultsFile` says. */
  readonly user: string | null;
  /** An option file of its clients, which holds the password; null: none is read. */
  readonly defaultsFile: string | null;
  /** How many databases are dumped at once. */
  readonly processes: number;
  /** Databases that are not dumped. */
  readonly excludeDatabases: readonly string[];
}

export interface PostgresRepositoryConfig {
  /** Its number in pgBackRest, from 1: its place in the list. That of barman-cloud is 1. */
  readonly key: number;
  /** 'repo1'. */
  readonly name: string;
  /** A directory; of barman-cloud a URL. */
  readonly path: string;
  /** Must be a mount point, or nothing is written. */
  readonly mounted: string | null;
  readonly location: 'onsite' | 'offsite';
  readonly medium: string;
  readonly cipherPassFile: string | null;
  readonly bundle: boolean;
  /** Null: where this pgBackRest can. */
  readonly block: boolean | null;
  readonly retention: {
    readonly full: number;
    readonly differential: number | null;
    readonly archive: number | null;
  };
  readonly schedule: PostgresSchedule;
}

/** When each kind of backup is made; null: never by itself. */
export interface PostgresSchedule {
  readonly full: PostgresBackupKind | null;
  readonly differential: PostgresBackupKind | null;
  readonly incremental: PostgresBackupKind | null;
}

export interface PostgresBackupKind {
  /** hourly | daily | weekly | monthly | an OnCalendar expression. */
  readonly frequency: string;
  readonly timeout: Duration;
}

/** How its directory is moved onto a dataset of its own. */
export interface MigrateConfig {
  /** How long the old directory stays at least. */
  readonly keepOld: Duration;
  /** Asked after the service was started; null: that its unit runs is enough. */
  readonly healthUrl: string | null;
  /** How long it may take until that answers. */
  readonly healthWithin: Duration;
}

/** How lost data comes back. */
export interface RecoverConfig {
  /** It is written: the unit of the service waits for its data, and does not start without. */
  readonly beforeStart: boolean;
  /** In this order. */
  readonly sources: readonly RecoverSource[];
  /** Null: as long as it takes. */
  readonly timeout: Duration | null;
  readonly onFailure: 'block' | 'start-empty';
}

export type RecoverSource = 'snapshot' | 'replica' | 'repository' | 'pgbackrest' | 'barman-cloud' | 'dump';

export interface BackupConfig {
  /** Empty where dumps are all that is kept. */
  readonly paths: readonly string[];
  readonly exclude: readonly string[];
  readonly tags: readonly string[];
  /** Names of repositories, at least one. */
  readonly repositories: readonly string[];
  /** hourly | daily | weekly | monthly | an OnCalendar expression. */
  readonly frequency: string;
  readonly randomizedDelay: Duration | null;
  readonly timeout: Duration;
  readonly retention: RetentionPolicy;
  readonly databases: readonly SqliteDatabase[];
  readonly dumps: DumpsConfig | null;
  readonly hooks: { readonly before: readonly Hook[]; readonly after: readonly Hook[] };
  /** Asked for, or required by zfsDataset; how it is provided is the source's business. */
  readonly useSnapshots: boolean;
  readonly zfsDataset: string | null;
  /** An empty source is a success (otherwise partial: it shrank to nothing). */
  readonly allowEmpty: boolean;
  readonly resources: ResourceLimits;
  /** What is copied is a repository of the engine that backs its server up, and no data of its own. */
  readonly serverCopy?: ServerCopy;
}

/** The one repository of pgBackRest of which restic makes copies. */
export interface ServerCopy {
  readonly path: string;
  /** The entry that declares it; null: pgBackRest has it from its own configuration. */
  readonly repository: PostgresRepositoryConfig | null;
  readonly cipherPassFile: string | null;
}

export interface SqliteDatabase {
  readonly type: 'sqlite';
  readonly path: string;
}

export interface Hook {
  /** An argument list; no shell. */
  readonly argv: readonly [string, ...string[]];
  readonly timeout: Duration;
}

export interface ProtectionConfig {
  readonly class: string;
  readonly rpo: Duration | null;
  readonly offsiteRpo: Duration | null;
  readonly rto: Duration | null;
  /** Copies owed, the live data included. */
  readonly copies: number;
  readonly media: number;
  readonly offsite: number;
  readonly verifiedWithin: Duration | null;
  readonly drilledWithin: Duration | null;
  readonly allowEmptyStart: boolean;
  readonly validators: readonly ValidatorConfig[];
}

/** How a restored copy is proven to be good. Paths are inside of the service's first path, or absolute. */
export type ValidatorConfig =
  | { readonly type: 'sqlite'; readonly path: string; readonly query: string | null }
  | { readonly type: 'json'; readonly path: string }
  | { readonly type: 'files'; readonly path: string; readonly minCount: number; readonly minSize: Bytes }
  | { readonly type: 'sql'; readonly database: string; readonly query: string }
  | {
      readonly type: 'command';
      /** An argument list; no shell. */
      readonly argv: readonly [string, ...string[]];
      readonly timeout: Duration;
      /** Null: the service's first path. */
      readonly cwd: string | null;
    };

/** Snapshots by calendar, and where they are sent. */
export interface ReplicationConfig {
  readonly snapshots: SnapshotPolicies;
  readonly targets: readonly ReplicationTarget[];
}

export interface ReplicationTarget {
  readonly name: string;
  /** user@host:pool/dataset or pool/dataset. */
  readonly destination: string;
  /** Each with all beneath it. */
  readonly datasets: readonly string[];
  /** Each with all beneath it. */
  readonly exclude: readonly string[];
  /** hourly | daily | weekly | monthly | an OnCalendar expression. */
  readonly frequency: string;
  /** Encrypted datasets are sent as they are. */
  readonly raw: boolean;
  /** Null: as all lags, see MetricsConfig. */
  readonly maxLag: Duration | null;
  /** How many datasets are sent at once. */
  readonly concurrency: number;
  /** Of all of them together; null: as fast as it goes. */
  readonly limit: Rate | null;
  /** How many copies of snapshots taken by schedule are kept there; null: all. */
  readonly keep: SnapshotPolicy['keep'] | null;
}

/** When and how far repositories are read, and restores are tried out. */
export interface VerificationConfig {
  readonly enable: boolean;
  /** hourly | daily | weekly | monthly | an OnCalendar expression. */
  readonly schedule: string;
  /** In how many runs all data is read and decrypted once: 1 each time, 10 a tenth each time; null: never. */
  readonly rounds: number | null;
  /** Names, in the order of the configuration. */
  readonly repositories: readonly string[];
  readonly drills: {
    readonly enable: boolean;
    readonly schedule: string;
    /** Files of each service; null: all of it. */
    readonly sampleFiles: number | null;
    /** Where restores are tried out; null: `drills` in the state directory. */
    readonly scratch: string | null;
  };
}

/** What is measured for others to watch, and from where on they are to be alarmed. */
export interface MetricsConfig {
  /** Of the node exporter's textfile collector; null: none is written by itself. */
  readonly textfile: string | null;
  /** How full the file system of a repository may get. */
  readonly capacity: { readonly warning: Share; readonly critical: Share };
  /** How far replication may be behind. */
  readonly replicationLag: { readonly warning: Duration; readonly critical: Duration };
}

/** What jobs may take from the machine; null: no limit of their own. */
export interface ResourceLimits {
  readonly memoryMax: Bytes | null;
  readonly memoryHigh: Bytes | null;
  /** A percentage of one CPU: '200%'. */
  readonly cpuQuota: string | null;
  /** 100 is ordinary. */
  readonly cpuWeight: number | null;
  readonly ioWeight: number | null;
}

/** Of all jobs together. */
export type UnitsConfig = ResourceLimits;

/** The daemon of this host. */
export interface AgentConfig {
  /** The section is written: this host is to run one. */
  readonly declared: boolean;
  readonly socket: string;
  /** Of those who may use the socket beside its owner. */
  readonly group: string;
  /** Whether it starts what recurs; null: where there is no systemd. */
  readonly schedule: boolean | null;
  readonly tcp: {
    readonly host: string;
    readonly port: number;
    readonly certificateFile: string;
    readonly keyFile: string;
  } | null;
}

/** Who is told what happens. */
export interface NotificationsConfig {
  readonly channels: readonly ChannelConfig[];
  readonly templates: Readonly<Partial<Record<EventKind, TemplateConfig>>>;
  /** `at`: minutes after midnight. */
  readonly summary: { readonly schedule: 'daily' | 'weekly'; readonly at: number } | null;
}

export interface ChannelConfig {
  readonly name: string;
  readonly minPriority: Priority;
  /** Null: all. */
  readonly events: readonly EventKind[] | null;
  /** Shell patterns; empty: all. */
  readonly services: readonly string[];
  readonly jobs: readonly string[];
  readonly quietHours: QuietHours | null;
  readonly to: Destination;
}

type Without<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;
/** What each kind of channel needs, as it is written: files that hold secrets, never a secret. */
export type Destination = Without<ChannelFile, 'minPriority' | 'events' | 'services' | 'jobs' | 'quietHours'>;
export type DestinationOf<Type extends Destination['type']> = Extract<Destination, { type: Type }>;

export interface TemplateConfig {
  readonly enable: boolean;
  readonly priority: Priority | null;
  readonly title: string | null;
  readonly body: string | null;
}

/** A staged run before a risky change. */
export interface GateConfig {
  readonly name: string;
  readonly preflight: readonly PreflightPath[];
  /** The share of failures among what was tried above which the verdict is: do not deploy. */
  readonly criticalAbove: Share;
  /** One after the other. */
  readonly stages: readonly GateStage[];
}

export interface PreflightPath {
  readonly path: string;
  readonly minFree: Bytes | null;
  /** It must be a mount point itself. */
  readonly mounted: boolean;
}

export interface GateStage {
  readonly name: string;
  /** Shell patterns of systemd units. */
  readonly units: readonly string[];
  /** Shell patterns of units, and of services for jobs, that are left out again. */
  readonly exclude: readonly string[];
  /** Shell patterns of services that are backed up here. */
  readonly jobs: readonly string[];
  /** Null: all of the stage at once, PostgreSQL one by one. */
  readonly concurrency: number | null;
  /** Of one unit, from its own start; null for the standard (units) or the job's own. */
  readonly timeout: Duration | null;
  readonly onFailure: 'warn' | 'count' | 'critical';
  /** How many units and jobs there must be, exactly or at least. */
  readonly expect: number | null;
  readonly atLeast: number | null;
  /** Names of earlier stages: this one does not start when anything in them failed. */
  readonly needs: readonly string[];
  /** What is done about a unit that runs already. */
  readonly whenRunning: 'skip' | 'join' | 'fail';
  /** A success that is younger counts, and nothing is run; null: always run. */
  readonly freshWithin: Duration | null;
}

/** Something wrong (or, as a warning, smelly) in the configuration, and where. */
export interface ConfigProblem {
  readonly file: string;
  /** 1-based; null when the file as a whole is meant. */
  readonly line: number | null;
  readonly column: number | null;
  /** 'services.sonarr.backup.paths[0]'; empty for the document. */
  readonly path: string;
  readonly message: string;
}
