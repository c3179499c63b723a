// Alerts about replicas: those that are behind, and those of which nobody knows. Pure.

import type { MetricsConfig } from '../../../config/configuration.ts';
import { highest, lowest, matching } from '../expression.ts';
import { FAMILIES as F } from '../families.ts';
import { type AlertRule, duration, label, type RunbookStep } from './alert.ts';

const HOST = label('hostname');
const DATASET = label('dataset');
const TARGET = label('target');

const RUNBOOK: readonly RunbookStep[] = [
  { say: 'What would be sent, and what is in its way', command: ['replicate', DATASET, '--target', TARGET, '--dry-run'] },
  { say: 'Send it', command: ['replicate', DATASET, '--target', TARGET] },
  { say: 'Is everything there that it needs, on both machines', command: ['doctor'] },
];

export function replicationAlerts(hostname: string, { replicationLag }: Pick<MetricsConfig, 'replicationLag'>): AlertRule[] {
  const lag = highest(F.replicationLag, { hostname });
  const behind = {
    alert: 'ReplicationBehind',
    for: '0m',
    summary: `${TARGET} is behind with ${DATASET} of ${HOST}`,
    description: `What ${TARGET} has is ${duration} older than what there is: were ${HOST} lost now, so much of ${DATASET} would be.`,
    runbook: RUNBOOK,
  } as const;
  return [
    {
      ...behind,
      expr: `${lag} > ${matching(F.replicationMaxLag)} ${lowest(F.replicationMaxLag, { hostname })}`,
      severity: 'medium',
    },
    { ...behind, expr: `${lag} > ${replicationLag.critical / 1000}`, severity: 'critical' },
    {
      alert: 'ReplicationUnknown',
      expr: `${lowest(F.replicationKnown, { hostname })} == 0`,
      for: '1h',
      severity: 'high',
      summary: `Nobody knows how far ${TARGET} is behind with ${DATASET} of ${HOST}`,
      description:
        'Both sides have no snapshot in common, or nothing was ever sent, or there is none: no replica is proven.',
      runbook: RUNBOOK,
    },
  ];
}
