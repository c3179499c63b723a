// Alerts about snapshots by calendar: those that are not taken any more, and a policy that could not be carried out. Pure.

import { highest, lowest, matching, since } from '../expression.ts';
import { FAMILIES as F } from '../families.ts';
import { type AlertRule, duration, label } from './alert.ts';

const HOST = label('hostname');
const DATASET = label('dataset');

export const snapshotAlerts = (hostname: string): AlertRule[] => [
  {
    alert: 'SnapshotTooOld',
    expr: `${since(lowest(F.snapshotNewest, { hostname }))} > ${matching(F.snapshotMaxAge)} ${highest(F.snapshotMaxAge, { hostname })}`,
    for: '0m',
    severity: 'high',
    summary: `There is no recent snapshot of ${DATASET} on ${HOST}`,
    description: `The newest of its policy was taken ${duration} ago; where that is decades, there is none.`,
    runbook: [
      { say: 'What is due, and what is in its way', command: ['snapshot', 'take', '--dry-run'] },
      { say: 'Take it', command: ['snapshot', 'take'] },
      { say: 'Is its timer there and active', command: ['units', 'check'] },
    ],
  },
  {
    alert: 'SnapshotPolicyFailed',
    expr: highest(F.runResult, {
      hostname,
      kind: { pattern: 'snapshot-(take|prune)' },
      result: { pattern: 'failed|partial|timed-out' },
    }),
    for: '0m',
    severity: 'high',
    summary: `Snapshots on ${HOST} were not taken or pruned as declared`,
    description: `The last run of ${label('kind')} came out as ${label('result')}.`,
    runbook: [
      { say: 'What happened', command: ['history', '--limit', '10'] },
      { say: 'What is due', command: ['snapshot', 'take', '--dry-run'] },
      { say: 'What would go', command: ['snapshot', 'prune', '--dry-run'] },
    ],
  },
];
