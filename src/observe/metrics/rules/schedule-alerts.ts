// Alerts about what should recur and does not, beside backups of which an age is owed (these are in backup-alerts.ts): verification,
// drills, retention, looks into repositories. Pure.

import type { Duration } from '../../../domain/duration.ts';
import type { ScheduledKind } from '../../../domain/naming.ts';
import { highest, lowest, matching, since } from '../expression.ts';
import { FAMILIES as F } from '../families.ts';
import { type AlertRule, duration, label, type RunbookStep } from './alert.ts';

const HOST = label('hostname');
const ID = label('id');

const RUNBOOK: readonly RunbookStep[] = [
  { say: 'Is its timer there and active', command: ['units', 'check'] },
  { say: 'What ran the last times', command: ['history', '--limit', '10'] },
  { say: 'Is everything there that it needs', command: ['doctor'] },
];

/** One that never ran for each kind: how long it may take to come is known from its schedule. */
export const scheduleAlerts = (hostname: string, patience: ReadonlyMap<ScheduledKind, Duration>): AlertRule[] => [
  missed(hostname),
  ...[...patience].filter(([kind]) => kind !== 'run').map(([kind, time]) => never(hostname, kind, time)),
];

const missed = (hostname: string): AlertRule => ({
  alert: 'ScheduledJobMissed',
  expr: `${since(highest(F.expectedJobLastEnd, { hostname }))} > ${matching(F.expectedJobPatience)} ${highest(F.expectedJobPatience, { hostname })}`,
  for: '1h',
  severity: 'high',
  summary: `${ID} on ${HOST} did not run when it was due`,
  description: `It last ran ${duration} ago, which is longer than its schedule lets it be. What it does (${label('kind')}) no longer happens.`,
  runbook: RUNBOOK,
});

const never = (hostname: string, kind: ScheduledKind, time: Duration): AlertRule => ({
  alert: 'ScheduledJobMissed',
  expr: `${lowest(F.expectedJob, { hostname, kind })} unless ${matching(F.expectedJobLastEnd)} ${highest(F.expectedJobLastEnd, { hostname, kind })}`,
  for: `${Math.ceil(time / 60_000)}m`,
  severity: 'high',
  reason: `never-${kind}`,
  summary: `${ID} on ${HOST} never ran`,
  description: `It is declared (${label('frequency')}), and should have run by now. What it does (${label('kind')}) does not happen.`,
  runbook: RUNBOOK,
});
