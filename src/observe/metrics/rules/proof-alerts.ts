// Alerts about what proves a backup: repositories that were read, restores that were tried out, and what a service is owed. Pure.

import { highest, lowest, matching } from '../expression.ts';
import { FAMILIES as F } from '../families.ts';
import { type AlertRule, label, JOB } from './alert.ts';

const HOST = label('hostname');
const REPOSITORY = label('repository');

export function proofAlerts(hostname: string): AlertRule[] {
  return [repositoryVerification(hostname), restoreTest(hostname), postgres(hostname), ...unprotected(hostname)];
}

const repositoryVerification = (hostname: string): AlertRule => ({
  alert: 'RepositoryVerificationFailed',
  expr: `${lowest(F.verificationStatus, { hostname })} == 0 and ${matching(F.verificationLastAttempt)} ${highest(F.verificationLastAttempt, { hostname })}`,
  for: '0m',
  severity: 'high',
  summary: `Repository ${REPOSITORY} of ${HOST} is damaged or could not be verified`,
  description: `The last verification of ${REPOSITORY} found damage or came to no end, or damage is known that nobody repaired.`,
  runbook: [
    { say: 'What is damaged, whom it touches, how to repair it', command: ['verify', REPOSITORY, '--data', '100%'] },
    { say: 'Which services have a sound copy elsewhere', command: ['status'] },
  ],
});

const restoreTest = (hostname: string): AlertRule => ({
  alert: 'RestoreTestFailed',
  expr: `${lowest(F.drillStatus, { hostname })} == 0`,
  for: '0m',
  severity: 'high',
  summary: `A restore of ${JOB} on ${HOST} was tried out, and failed`,
  description: `The last drill of ${label('backup_job')} from ${REPOSITORY} did not prove that it comes back.`,
  runbook: [
    { say: 'Why', command: ['status', label('backup_job')] },
    {
      say: 'Try again, and keep what was restored to look at it',
      command: ['drill', label('backup_job'), '--repository', REPOSITORY, '--keep'],
    },
    { say: 'Is the repository sound', command: ['verify', REPOSITORY] },
  ],
});

const postgres = (hostname: string): AlertRule => ({
  alert: 'PostgresBackupVerificationFailed',
  expr: [F.postgresVerification, F.postgresOffsite, F.postgresOffsiteVerification]
    .map((family) => `${lowest(family, { hostname })} == 0`)
    .join(' or '),
  for: '15m',
  severity: 'high',
  summary: `Backups of PostgreSQL on ${HOST} are not verified`,
  description:
    'A PostgreSQL engine is declared, and no verified backup of it is on record, or no offsite copy that is new enough and verified.',
  runbook: [
    { say: 'How it stands', command: ['status'] },
    { say: 'What is missing on this host', command: ['doctor'] },
  ],
});

function unprotected(hostname: string): AlertRule[] {
  const service = label('service');
  const runbook = [
    { say: 'What is missing', command: ['status', service] },
    { say: 'Back up now', command: ['run', service] },
  ] as const;
  return [
    {
      alert: 'ServiceUnprotected',
      expr: `${highest(F.serviceVerdict, { hostname, verdict: 'unprotected' })} == 1`,
      for: '15m',
      severity: 'critical',
      summary: `${service} on ${HOST} has no copy that could be restored`,
      description: `${service} is owed copies by its class ${label('class')}, and there is none that is complete and sound.`,
      runbook,
    },
    {
      alert: 'ServiceUnprotected',
      expr: `${highest(F.serviceVerdict, { hostname, verdict: 'at-risk' })} == 1`,
      for: '1d',
      severity: 'medium',
      summary: `${service} on ${HOST} is at risk`,
      description: `Something that ${service} is owed by its class ${label('class')} has been missing or unproven for a day.`,
      runbook: [
        ...runbook,
        { say: 'Where only a proof is missing', command: ['drill', service] },
        { say: 'and', command: ['verify'] },
      ],
    },
  ];
}
