// Alerts about pools and datasets: degraded, with errors, nearly full, not as declared. Pure.

import type { MetricsConfig } from '../../../config/configuration.ts';
import { highest, lowest } from '../expression.ts';
import { FAMILIES as F } from '../families.ts';
import { type AlertRule, label, percentage, type RunbookStep, type Severity } from './alert.ts';

const HOST = label('hostname');
const POOL = label('pool');
const DATASET = label('dataset');

const LOOK: readonly RunbookStep[] = [
  { say: `What is wrong: zpool status -v ${POOL}` },
  { say: 'How everything else stands', command: ['doctor'] },
];
const ROOM: readonly RunbookStep[] = [
  { say: 'What takes it: zfs list -o space' },
  { say: 'How full everything is', command: ['doctor'] },
];

export const storageAlerts = (hostname: string, { capacity }: Pick<MetricsConfig, 'capacity'>): AlertRule[] => [
  unhealthy(hostname),
  lost(hostname),
  failing(hostname),
  fullPool(hostname, 'medium', capacity.warning),
  fullPool(hostname, 'critical', capacity.critical),
  fullDataset(hostname, 'medium', capacity.warning),
  fullDataset(hostname, 'critical', capacity.critical),
  drift(hostname),
];

const unhealthy = (hostname: string): AlertRule => ({
  alert: 'PoolUnhealthy',
  expr: `${highest(F.poolHealthy, { hostname })} == 0`,
  for: '10m',
  severity: 'critical',
  summary: `The pool ${POOL} on ${HOST} is degraded, gone, or does not answer`,
  description: 'What lies in it has less protection than it was given, or cannot be had at all.',
  runbook: LOOK,
});

const lost = (hostname: string): AlertRule => ({
  alert: 'PoolErrors',
  expr: `${highest(F.poolDataErrors, { hostname })} > 0`,
  for: '0m',
  severity: 'critical',
  reason: 'data',
  summary: `Something in the pool ${POOL} on ${HOST} cannot be read any more`,
  description:
    'ZFS found damage that no other copy in the pool could mend. Restore what is named before the good copies age out.',
  runbook: [{ say: `What is lost: zpool status -v ${POOL}` }, { say: 'Which copies there are', command: ['snapshots'] }],
});

const failing = (hostname: string): AlertRule => ({
  alert: 'PoolErrors',
  expr: `${highest(F.poolDeviceErrors, { hostname })} > 0`,
  for: '0m',
  severity: 'high',
  reason: 'device',
  summary: `A device of the pool ${POOL} on ${HOST} has failed to read, to write, or to give back what was written`,
  description: 'ZFS mended it where it had another copy. Disks that begin so often go on.',
  runbook: LOOK,
});

const fullPool = (hostname: string, severity: Severity, share: number): AlertRule => ({
  alert: 'PoolNearlyFull',
  expr: `${highest(F.poolAllocated, { hostname })} / ${highest(F.poolSize, { hostname })} >= ${share}`,
  for: '15m',
  severity,
  summary: `The pool ${POOL} on ${HOST} is ${percentage} full`,
  description: 'ZFS becomes slow, and then services fail to write; a full pool is hard to empty.',
  runbook: ROOM,
});

const fullDataset = (hostname: string, severity: Severity, share: number): AlertRule => {
  const used = highest(F.datasetUsed, { hostname });
  return {
    alert: 'DatasetNearlyFull',
    expr: `${used} / (${used} + ${lowest(F.datasetAvailable, { hostname })}) >= ${share}`,
    for: '15m',
    severity,
    summary: `The dataset ${DATASET} on ${HOST} is ${percentage} full`,
    description: 'When its quota or its pool is full, its service fails to write.',
    runbook: ROOM,
  };
};

/** It may be in the middle of being changed; whether it is as declared is looked at once a day. */
const drift = (hostname: string): AlertRule => ({
  alert: 'DatasetDrift',
  expr: `${highest(F.datasetDrift, { hostname })} == 1`,
  for: '2h',
  severity: 'medium',
  summary: `${label('property')} of ${label('dataset')} on ${HOST} is not as declared`,
  description: 'Somebody changed it, or the declaration was not applied. What else was declared of it may be gone as well.',
  runbook: [
    { say: 'What it is, and what it should be', command: ['datasets', 'drift'] },
    { say: 'What would be done', command: ['datasets', 'plan'] },
    { say: 'Do it', command: ['datasets', 'apply'] },
  ],
});
