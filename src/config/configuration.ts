// The effective configuration: what every other part reads. Parsed once at the border (schema.ts), defaults merged,
// shorthands resolved, every value of a domain type. It never holds a secret, only where one is found.

import type { Bytes } from '../domain/bytes.ts';
import type { Duration } from '../domain/duration.ts';
import type { Share } from '../domain/percentage.ts';
import type { Rate } from '../domain/rate.ts';
import type { RetentionPolicy } from '../domain/retention-policy.ts';
import type { Json } from '../lib/json.ts';

export interface Configuration {
  readonly host: string;
  readonly stateDir: string;
  /** The files it was read from, the main file first. */
  readonly files: readonly string[];
  readonly repositories: ReadonlyMap<string, RepositoryConfig>;
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** Those that are written. */
  readonly gates: ReadonlyMap<string, GateConfig>;
  /** Sections whose commands do not exist yet: validated, shown, otherwise unused. */
  readonly sections: Readonly<Record<string, Json>>;
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
  readonly limits: { readonly upload: Rate | null; readonly download: Rate | null };
  /** How often unused data is removed for real (`restic prune`); null for never by itself. */
  readonly pruneEvery: Duration | null;
}

export interface ServiceConfig {
  readonly name: string;
  /** The systemd unit that owns the data, stopped and started by an in-place restore. */
  readonly unit: string | null;
  /** Null: nothing is backed up from files (ephemeral, disabled, or a database engine of its own). */
  readonly backup: BackupConfig | null;
  /** A PostgreSQL engine of its own is declared (its jobs are not files). */
  readonly postgres: Json;
  readonly protection: ProtectionConfig;
}

export interface BackupConfig {
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
  readonly hooks: { readonly before: readonly Hook[]; readonly after: readonly Hook[] };
  /** Asked for, or required by zfsDataset; how it is provided is the source's business. */
  readonly useSnapshots: boolean;
  readonly zfsDataset: string | null;
  /** An empty source is a success (otherwise partial: it shrank to nothing). */
  readonly allowEmpty: boolean;
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
  readonly validators: Json;
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
