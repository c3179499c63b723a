// Alerts about whoever watches: metrics that are old or gone, messages that nobody gets, a hold that nobody ends, and disks that fill
// up. Pure.

import type { MetricsConfig } from '../../../config/configuration.ts';
import { awayFrom, highest, lowest, select, since } from '../expression.ts';
import { FAMILIES as F } from '../families.ts';
import { type AlertRule, duration, label, percentage, type Severity } from './alert.ts';

const HOST = label('hostname');
const REPOSITORY = label('repository');

/** Seconds: they are written every five minutes, so that three in a row were missed. */
const METRICS_OLD = 20 * 60;
/** Seconds. */
const STUCK = 3600;

export function hostAlerts(hostname: string, { capacity }: Pick<MetricsConfig, 'capacity'>): AlertRule[] {
  return [
    ...monitoring(hostname),
    notifications(hostname),
    hold(hostname),
    filling(hostname, 'medium', capacity.warning),
    filling(hostname, 'critical', capacity.critical),
    watchdog(hostname),
  ];
}

/** Of each source: one that is old is not made up for by another. */
function monitoring(hostname: string): AlertRule[] {
  const written = select(F.written, { hostname });
  const common = {
    alert: 'BackupMonitoringUnhealthy',
    severity: 'high',
    runbook: [
      { say: 'Can they be written', command: ['metrics', '--textfile'] },
      { say: 'Is their timer there', command: ['units', 'check'] },
      { say: 'How things really stand', command: ['status'] },
    ],
  } as const;
  return [
    {
      ...common,
      expr: `${awayFrom(written)} > ${METRICS_OLD}`,
      for: '0m',
      summary: `Metrics of backups on ${HOST} are old`,
      description: `They were written ${duration} ago, or the clock of ${HOST} is wrong by as much: every other alert about it speaks of that time.`,
    },
    {
      ...common,
      expr: `absent(${written})`,
      for: '15m',
      reason: 'absent',
      summary: `There are no metrics of backups on ${HOST}`,
      description: `Prometheus gets none: nothing is known of backups on ${HOST}. Is the node exporter up, does it read that directory, or is the agent scraped?`,
    },
  ];
}

const notifications = (hostname: string): AlertRule => ({
  alert: 'NotificationsStuck',
  expr: `${awayFrom(lowest(F.queueFailing, { hostname }))} > ${STUCK}`,
  for: '0m',
  severity: 'high',
  summary: `Notifications of ${HOST} are not delivered to ${label('channel')}`,
  description: `Nothing could be delivered for ${duration}.`,
  runbook: [
    { say: 'Try the channel', command: ['notify', 'test', label('channel')] },
    { say: 'Send what waits', command: ['notify', 'flush'] },
  ],
});

const hold = (hostname: string): AlertRule => ({
  alert: 'DeploymentHoldForgotten',
  expr: `${since(lowest(F.holdUntil, { hostname }))} > 0`,
  for: '10m',
  severity: 'high',
  summary: `Timers of backups on ${HOST} are still on hold`,
  description: `The hold was to end ${duration} ago. No backup starts by itself until it is released.`,
  runbook: [
    { say: 'Start the timers again', command: ['gate', 'release'] },
    { say: 'See what is late', command: ['status'] },
  ],
});

const filling = (hostname: string, severity: Severity, share: number): AlertRule => ({
  alert: 'RepositoryNearlyFull',
  expr: `1 - ${lowest(F.repositoryFree, { hostname })} / ${highest(F.repositorySize, { hostname })} >= ${share}`,
  for: '15m',
  severity,
  summary: `The file system of ${REPOSITORY} on ${HOST} is ${percentage} full`,
  description: `When it is full, backups to ${REPOSITORY} fail, and so does removing old ones.`,
  runbook: [
    { say: 'What would be removed by the policy', command: ['retention', 'plan'] },
    { say: 'Remove it, and unused data', command: ['retention', 'apply'] },
  ],
});

/** Fires as long as everything between the journal and whoever is told works: its silence is the alarm. */
const watchdog = (hostname: string): AlertRule => ({
  alert: 'BackupMonitoringWatchdog',
  expr: `${awayFrom(select(F.written, { hostname }))} <= ${METRICS_OLD}`,
  for: '0m',
  severity: 'none',
  summary: `Backups on ${HOST} are watched`,
  description:
    'This fires all the time. Route it to something that expects a ping and complains when none comes: then the silence of Holdfast, the node exporter, Prometheus and Alertmanager is an alarm, too.',
  runbook: [{ say: 'Nothing is to be done. Where it has stopped, see', command: ['status'] }],
});
