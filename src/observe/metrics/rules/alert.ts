// What an alert is: when, how bad, what it means, and what to type. Rendering is rule-file.ts.

import type { Label } from '../families.ts';

export type Severity = 'critical' | 'high' | 'medium';

export interface AlertRule {
  readonly alert: AlertName;
  readonly expr: string;
  /** How long it must hold, as Prometheus writes it. */
  readonly for: string;
  readonly severity: Severity | 'none';
  /** What tells two of one name and severity apart. */
  readonly reason?: string;
  readonly summary: string;
  readonly description: string;
  /** In order. */
  readonly runbook: readonly RunbookStep[];
}

export interface RunbookStep {
  readonly say: string;
  /** What follows `holdfast`; a word may be a label of the alert. */
  readonly command?: readonly string[];
}

export type AlertName =
  | 'UnifiedBackupFailed'
  | 'UnifiedBackupStale'
  | 'UnifiedBackupSlow'
  | 'UnifiedBackupNeverRan'
  | 'ScheduledJobMissed'
  | 'PostgresBackupVerificationFailed'
  | 'PostgresArchiveBehind'
  | 'PostgresArchiveBroken'
  | 'BackupMonitoringUnhealthy'
  | 'RestoreTestFailed'
  | 'RepositoryVerificationFailed'
  | 'ServiceUnprotected'
  | 'ServiceNotRecovered'
  | 'ServiceStartedEmpty'
  | 'NotificationsStuck'
  | 'DeploymentHoldForgotten'
  | 'RepositoryNearlyFull'
  | 'DatasetDrift'
  | 'DatasetNearlyFull'
  | 'PoolUnhealthy'
  | 'PoolErrors'
  | 'PoolNearlyFull'
  | 'SnapshotTooOld'
  | 'SnapshotPolicyFailed'
  | 'ReplicationBehind'
  | 'ReplicationUnknown'
  | 'BackupMonitoringWatchdog';

/** A label's value in a text that Prometheus fills. */
export const label = (name: Label): string => `{{ $labels.${name} }}`;

/** The value of the expression, as a person reads it. */
export const duration = '{{ $value | humanizeDuration }}';
export const percentage = '{{ $value | humanizePercentage }}';

export const JOB = `${label('backup_job')}@${label('repository')}`;
