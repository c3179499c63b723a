// The rule file of Prometheus for one host, as data; its YAML is written by whoever prints it. Pure.

import type { Configuration } from '../../../config/configuration.ts';
import type { Duration } from '../../../domain/duration.ts';
import type { ScheduledKind } from '../../../domain/naming.ts';
import type { AlertRule, RunbookStep } from './alert.ts';
import { backupAlerts } from './backup-alerts.ts';
import { hostAlerts } from './host-alerts.ts';
import { postgresAlerts } from './postgres-alerts.ts';
import { proofAlerts } from './proof-alerts.ts';
import { recoveryAlerts } from './recovery-alerts.ts';
import { scheduleAlerts } from './schedule-alerts.ts';
import { storageAlerts } from './storage-alerts.ts';
import { replicationAlerts } from './replication-alerts.ts';
import { snapshotAlerts } from './snapshot-alerts.ts';

export interface RuleSource extends Pick<Configuration, 'host' | 'metrics'> {
  /** What recurs on this host beside telling, by kind, and how long after it was declared it must have run. */
  readonly patience: ReadonlyMap<ScheduledKind, Duration>;
}

export interface RuleFile {
  readonly groups: readonly {
    readonly name: string;
    readonly interval?: string;
    readonly rules: readonly PrometheusRule[];
  }[];
}

export interface PrometheusRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Every alert, each for this host alone. */
export const alertRules = ({ host, metrics, patience }: RuleSource): readonly AlertRule[] => [
  ...backupAlerts(host),
  ...scheduleAlerts(host, patience),
  ...proofAlerts(host),
  ...postgresAlerts(host),
  ...recoveryAlerts(host),
  ...storageAlerts(host, metrics),
  ...snapshotAlerts(host),
  ...replicationAlerts(host, metrics),
  ...hostAlerts(host, metrics),
];

/** What looks back over weeks is computed less often. */
export function ruleFile(source: RuleSource): RuleFile {
  const rules = alertRules(source);
  const looksBack = ({ alert }: AlertRule): boolean => alert === 'UnifiedBackupSlow';
  return {
    groups: [
      { name: `holdfast-${source.host}`, rules: rules.filter((rule) => !looksBack(rule)).map(prometheusRule) },
      {
        name: `holdfast-${source.host}-history`,
        interval: '10m',
        rules: rules.filter(looksBack).map(prometheusRule),
      },
    ],
  };
}

const prometheusRule = (rule: AlertRule): PrometheusRule => ({
  alert: rule.alert,
  expr: rule.expr,
  ...(rule.for === '0m' ? {} : { for: rule.for }),
  labels: { severity: rule.severity, ...(rule.reason === undefined ? {} : { reason: rule.reason }) },
  annotations: {
    summary: rule.summary,
    description: rule.description,
    runbook: rule.runbook.map(stepText).join('\n'),
  },
});

const stepText = ({ say, command }: RunbookStep, index: number): string =>
  `${index + 1}. ${say}${command === undefined ? '' : `: holdfast ${command.join(' ')}`}`;
