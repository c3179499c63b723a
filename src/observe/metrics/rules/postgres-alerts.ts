// Alerts about the archived log of PostgreSQL servers: a newest moment that gets too old, also when nobody looks any more, and an
// archive that is not whole. Pure.

import { lowest, matching, since } from '../expression.ts';
import { FAMILIES as F } from '../families.ts';
import { type AlertRule, duration, label } from './alert.ts';

const SERVER = `${label('service')}@${label('repository')}`;
const HOST = label('hostname');

export const postgresAlerts = (hostname: string): AlertRule[] => [
  {
    alert: 'PostgresArchiveBehind',
    expr: `${since(lowest(F.postgresRestorable, { hostname }))} > ${matching(F.postgresOwed)} ${lowest(F.postgresOwed, { hostname })}`,
    for: '5m',
    severity: 'high',
    summary: `What was committed on ${label('service')} of ${HOST} lately could not be had back from ${label('repository')}`,
    description: `The newest moment that can be restored is ${duration} old, and more than it may be.`,
    runbook: [
      { say: 'Until when, and what is in the way', command: ['postgres', 'watch', label('service')] },
      { say: 'What the server and its repositories lack', command: ['doctor'] },
      { say: 'Watch the disk of the server: what is not archived stays in pg_wal' },
    ],
  },
  {
    alert: 'PostgresArchiveBroken',
    expr: `${lowest(F.postgresArchiveWhole, { hostname })} == 0`,
    for: '15m',
    severity: 'high',
    summary: `The archive of ${SERVER} on ${HOST} is not as it should be`,
    description:
      'Files of its log are missing or wait, a backup is damaged, or it is of another cluster: the last look at it says which.',
    runbook: [
      { say: 'What it is', command: ['postgres', 'watch', label('service')] },
      {
        say: 'Where log is missing, what comes after it can be had back from the next backup on',
        command: ['run', label('service')],
      },
    ],
  },
];
