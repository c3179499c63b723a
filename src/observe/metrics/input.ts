// What metrics are made of: plain figures, as whoever knows the journal gathered them. Null is always "not known".

import type { Instant } from '../../domain/instant.ts';
import type { ReportedOutcome } from '../../domain/outcome.ts';
import type { DatasetSpace, PoolHealth } from '../../domain/storage-health.ts';
import type { Count, ProtectionVerdict } from '../../domain/protection.ts';

export interface MetricsInput {
  readonly host: string;
  readonly at: Instant;
  /** Each service in each repository that it is meant to be in. */
  readonly jobs: readonly JobFigures[];
  readonly repositories: readonly RepositoryFigures[];
  readonly services: readonly ServiceFigures[];
  readonly recoveries: readonly RecoveryFigures[];
  /** Null where no PostgreSQL engine is declared. */
  readonly postgres: PostgresFigures | null;
  readonly archives: readonly ArchiveFigures[];
  /** The last one; null before the first. */
  readonly gate: GateFigures | null;
  /** Timers that are on hold. */
  readonly hold: { readonly since: Instant; readonly until: Instant | null } | null;
  /** The last of each kind. */
  readonly runs: readonly RunFigures[];
  readonly notifications: readonly QueueFigures[];
  readonly datasets: readonly DatasetFigures[];
  /** Those that the configuration speaks of. */
  readonly pools: readonly PoolFigures[];
  readonly spaces: readonly DatasetSpace[];
  readonly snapshots: readonly SnapshotFigures[];
  readonly replicas: readonly ReplicaFigures[];
  readonly expected: readonly ExpectedJob[];
}

export interface JobFigures {
  readonly service: string;
  readonly repository: string;
  readonly lastAttempt: {
    readonly outcome: ReportedOutcome;
    readonly at: Instant;
    readonly seconds: number | null;
    readonly bytesAdded: number | null;
  } | null;
  /** The newest complete copy; `ageSeconds` is null where it is dated in the future. */
  readonly newest: {
    readonly at: Instant;
    readonly ageSeconds: number | null;
    readonly files: number | null;
    readonly bytes: number | null;
  } | null;
  readonly rpoSeconds: number | null;
  readonly snapshots: number | null;
  readonly drill: { readonly proved: boolean; readonly at: Instant | null; readonly seconds: number | null } | null;
}

export interface RepositoryFigures {
  readonly repository: string;
  /** The last verification found it whole, and no damage stands. */
  readonly sound: boolean;
  readonly verifiedAt: Instant | null;
  readonly attemptedAt: Instant | null;
  /** A drill proved a copy from it, and no drill that failed stands. */
  readonly restorable: boolean;
  readonly space: { readonly free: number; readonly total: number } | null;
}

export interface ServiceFigures {
  readonly service: string;
  readonly class: string;
  readonly verdict: ProtectionVerdict;
  readonly copies: Count;
  readonly media: Count;
  readonly offsite: Count;
  readonly rtoSeconds: number | null;
  readonly measuredRtoSeconds: number | null;
}

export interface RecoveryFigures {
  readonly service: string;
  /** How the last one came out; null before the first. */
  readonly well: boolean | null;
  readonly endedAt: Instant | null;
  /** The last that had something to do, where that brought the data back. */
  readonly back: { readonly repository: string; readonly at: Instant; readonly seconds: number } | null;
  /** Null: it has its data, as far as is known. */
  readonly startedEmptyAt: Instant | null;
}

export interface PostgresFigures {
  readonly verified: boolean;
  /** Null where no offsite copy is declared. */
  readonly offsite: boolean | null;
  /** A server was recovered from that copy alone; null as above. */
  readonly offsiteVerified: boolean | null;
}

/** The log of a PostgreSQL server in one repository, as the last look at it found it. */
export interface ArchiveFigures {
  readonly service: string;
  readonly repository: string;
  readonly lookedAt: Instant;
  readonly whole: boolean;
  readonly restorableUntil: Instant | null;
  /** How old that may get. */
  readonly owedSeconds: number | null;
  /** Files of its log that waited in the server to be archived, and how often that has failed. */
  readonly waiting: number | null;
  readonly failures: number | null;
  readonly timelines: number | null;
  readonly foreignTimelines: number | null;
}

export interface RunFigures {
  readonly kind: string;
  readonly outcome: ReportedOutcome;
  readonly exitCode: number;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
}

export interface GateFigures extends Omit<RunFigures, 'kind'> {
  /** Of what was due; null where nothing was. */
  readonly unsuccessfulShare: number | null;
}

export interface QueueFigures {
  readonly channel: string;
  readonly waiting: number;
  readonly oldestAt: Instant | null;
  /** Null: it does well, or waits for the end of quiet hours. */
  readonly failingSince: Instant | null;
}

export interface DatasetFigures {
  readonly dataset: string;
  readonly comparedAt: Instant;
  /** Properties that differed. */
  readonly drift: readonly string[];
}

export interface PoolFigures {
  readonly pool: string;
  /** Null: not imported, or not known. */
  readonly health: PoolHealth | null;
}

export interface SnapshotFigures {
  readonly dataset: string;
  /** Of its policy; null: there is none. */
  readonly newestAt: Instant | null;
  readonly maxAgeSeconds: number;
}

export interface ReplicaFigures {
  readonly dataset: string;
  readonly target: string;
  readonly lagSeconds: number | null;
  readonly maxLagSeconds: number;
  readonly measuredAt: Instant | null;
}

export interface ExpectedJob {
  readonly id: string;
  readonly kind: string;
  readonly service: string | null;
  readonly repository: string | null;
  readonly frequency: string;
  /** Null where nothing says so, or it has a figure of its own (a backup of which an age is owed). */
  readonly attendance: { readonly lastEnd: Instant | null; readonly patienceSeconds: number } | null;
}
