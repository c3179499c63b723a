// Alerts about backups: one that failed, is late, takes too long, or never was. Pure.

import { highest, lowest, matching, select, since } from '../expression.ts';
import { FAMILIES as F } from '../families.ts';
import { type AlertRule, duration, JOB, label, type RunbookStep } from './alert.ts';

export function backupAlerts(hostname: string): AlertRule[] {
  return [failed(hostname), ...stale(hostname), slow(hostname), neverRan(hostname)];
}

const SERVICE = label('backup_job');
const REPOSITORY = label('repository');
const HOST = label('hostname');

const LAST_RUNS: RunbookStep = {
  say: 'What happened the last times',
  command: ['history', '--service', SERVICE, '--limit', '5'],
};
const AGAIN: RunbookStep = {
  say: 'When the cause is gone, back up again',
  command: ['run', SERVICE, '--repository', REPOSITORY],
};
const DOCTOR: RunbookStep = { say: 'Is everything there that a run needs', command: ['doctor'] };

const failed = (hostname: string): AlertRule => ({
  alert: 'UnifiedBackupFailed',
  expr: `${lowest(F.backupStatus, { hostname })} == 0 and ${matching(F.backupLastAttempt)} ${highest(F.backupLastAttempt, { hostname })}`,
  for: '0m',
  severity: 'critical',
  summary: `Backup of ${JOB} on ${HOST} did not succeed`,
  description: `The last attempt to back up ${SERVICE} to ${REPOSITORY} failed, was partial, blocked or interrupted. Copies that were made before stay as they are.`,
  runbook: [LAST_RUNS, DOCTOR, AGAIN],
});

/** Seconds: whatever is owed, two days are long. */
const LONG = 48 * 3600;

function stale(hostname: string): AlertRule[] {
  const age = since(lowest(F.backupLastSuccess, { hostname }));
  const rpo = lowest(F.rpo, { hostname });
  const late = `${age} > ${matching(F.rpo)} ${rpo}`;
  const common = {
    alert: 'UnifiedBackupStale',
    runbook: [
      { say: 'How it stands, and why', command: ['status', SERVICE] },
      LAST_RUNS,
      { say: 'Do its timers run', command: ['units', 'check'] },
      AGAIN,
    ],
  } as const;
  return [
    {
      ...common,
      expr: late,
      for: '5m',
      severity: 'high',
      summary: `The newest copy of ${JOB} on ${HOST} is too old`,
      description: `The newest complete copy of ${SERVICE} in ${REPOSITORY} is ${duration} old, which is more than is owed.`,
    },
    {
      ...common,
      expr: `(${late}) and (${age} > ${matching(F.rpo)} (2 * ${rpo}) or ${age} > ${LONG})`,
      for: '5m',
      severity: 'critical',
      summary: `The newest copy of ${JOB} on ${HOST} is far too old`,
      description: `The newest complete copy of ${SERVICE} in ${REPOSITORY} is ${duration} old: more than twice what is owed, or than two days.`,
    },
    {
      ...common,
      expr: `${rpo} and ${matching(F.backupLastAttempt)} ${highest(F.backupLastAttempt, { hostname })} unless ${matching(F.backupLastSuccess)} ${highest(F.backupLastSuccess, { hostname })}`,
      for: '5m',
      severity: 'critical',
      reason: 'none',
      summary: `There is no complete copy of ${JOB} on ${HOST}`,
      description: `${SERVICE} was tried to be backed up to ${REPOSITORY}, and no complete copy of a known age is believed to be there.`,
    },
  ];
}

/** How many times its usual time, and by how many seconds more at least. */
const SLOW_FACTOR = 3;
const SLOW_LEAST = 300;

/** The median of two weeks, weighted by time, once there are two days of it. */
function slow(hostname: string): AlertRule {
  const took = highest(F.backupDuration, { hostname });
  const usual = `quantile_over_time(0.5, (${took})[14d:1h])`;
  const known = `${matching(F.backupDuration)} ${select(F.backupDuration, { hostname })} offset 2d`;
  return {
    alert: 'UnifiedBackupSlow',
    expr: `${took} > ${SLOW_FACTOR} * ${usual} and ${took} - ${usual} > ${SLOW_LEAST} and ${known}`,
    for: '0m',
    severity: 'medium',
    summary: `Backup of ${JOB} on ${HOST} is slow`,
    description: `The last backup of ${SERVICE} to ${REPOSITORY} took ${duration}, more than ${SLOW_FACTOR} times as long as it usually does.`,
    runbook: [
      LAST_RUNS,
      { say: 'Has the service grown, or what has changed', command: ['snapshots', SERVICE, '--repository', REPOSITORY] },
      { say: 'Is the repository slow, or nearly full', command: ['doctor'] },
    ],
  };
}

const neverRan = (hostname: string): AlertRule => ({
  alert: 'UnifiedBackupNeverRan',
  expr: [
    lowest(F.expectedJob, { hostname, kind: 'run' }),
    `unless ${matching(F.backupLastAttempt)} ${highest(F.backupLastAttempt, { hostname })}`,
    `unless ${matching(F.backupLastSuccess)} ${highest(F.backupLastSuccess, { hostname })}`,
  ].join(' '),
  for: '1h',
  severity: 'high',
  summary: `${JOB} on ${HOST} was never backed up`,
  description: `${SERVICE} is declared to be backed up to ${REPOSITORY} (${label('frequency')}), and nothing ever tried.`,
  runbook: [
    { say: 'Back up now', command: ['run', SERVICE, '--repository', REPOSITORY] },
    { say: 'Is there a timer for it', command: ['units', 'check'] },
  ],
});
