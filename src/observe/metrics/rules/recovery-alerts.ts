// Alerts about services that wait for their data, and those that run without it. Pure.

import { highest, lowest } from '../expression.ts';
import { FAMILIES as F } from '../families.ts';
import { type AlertRule, label } from './alert.ts';

const HOST = label('hostname');
const SERVICE = label('service');

export const recoveryAlerts = (hostname: string): AlertRule[] => [
  {
    alert: 'ServiceNotRecovered',
    expr: `${lowest(F.recoveryStatus, { hostname })} == 0`,
    for: '0m',
    severity: 'critical',
    summary: `The data of ${SERVICE} on ${HOST} could not be brought back`,
    description: `The last recovery of ${SERVICE} failed, so that it does not start: it never starts on nothing.`,
    runbook: [
      { say: 'What would come from where, and what keeps it', command: ['recover', SERVICE, '--dry-run'] },
      { say: 'What is wrong on this host', command: ['doctor'] },
      { say: 'Once that is mended', command: ['recover', SERVICE] },
    ],
  },
  {
    alert: 'ServiceStartedEmpty',
    expr: `${highest(F.startedEmpty, { hostname })} > 0`,
    for: '0m',
    severity: 'critical',
    summary: `${SERVICE} on ${HOST} runs without its data, and is not backed up`,
    description: `${SERVICE} was started on nothing although there are copies of it: its backup, retention and replication are held.`,
    runbook: [
      { say: 'Which copies there are', command: ['snapshots', SERVICE] },
      { say: 'To have one back', command: ['restore', SERVICE, '--in-place', '--dry-run'] },
      { say: 'If it is right as it is', command: ['recover', SERVICE, '--acknowledge-empty'] },
    ],
  },
];
