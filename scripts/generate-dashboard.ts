// Writes the template of the Grafana dashboard that `holdfast metrics dashboard` fills, with Grafana's own builders over the names of
// the metrics' table. A test fails while it is stale: run `node scripts/generate-dashboard.ts` after changing either.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { FAMILIES as F } from '../src/observe/metrics/families.ts';
import { highest, lowest, type Match, matching, select, since } from '../src/observe/metrics/expression.ts';
import { bars, grid, lines, numbers, states, type Threshold } from './dashboard/panels.ts';

export const DASHBOARD_TEMPLATE = 'src/observe/metrics/dashboard/template.json';

const HOST = { hostname: { pattern: '$hostname' } } as const;
const OF_SERVICE = { ...HOST, backup_job: { pattern: '$service' } } as const satisfies Record<string, Match>;

const GOOD_AT_ZERO: readonly Threshold[] = [
  ['green', null],
  ['red', 1],
];
/** Of what is owed. */
const SHARE: readonly Threshold[] = [
  ['green', null],
  ['orange', 0.8],
  ['red', 1],
];

const verdicts = (verdict: string): string => `sum(${highest(F.serviceVerdict, { ...HOST, verdict })}) or vector(0)`;
const ageShare = (of: typeof HOST | typeof OF_SERVICE): string =>
  `${since(lowest(F.backupLastSuccess, of))} / ${matching(F.rpo)} ${lowest(F.rpo, of)}`;
const per = (label: string, expr: string): string => `max by (${label}) (${expr})`;

export function buildDashboard(): dashboard.Dashboard {
  return new dashboard.DashboardBuilder('Holdfast: backups')
    .uid('holdfast-backups')
    .description('Backups, what they are owed, and what proves them. Made by: holdfast metrics dashboard')
    .tags(['holdfast', 'backup'])
    .timezone('browser')
    .refresh('5m')
    .time({ from: 'now-7d', to: 'now' })
    .withVariable(new dashboard.DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .withVariable(choice('hostname', 'Host', `label_values(${F.written.name}, hostname)`))
    .withVariable(choice('service', 'Service', `label_values(${select(F.serviceVerdict, HOST)}, service)`))
    .withRow(new dashboard.RowBuilder('Fleet'))
    .withPanel(
      numbers({
        title: 'Unprotected',
        description: 'Services without a copy that could be restored.',
        queries: [{ expr: verdicts('unprotected'), legend: 'unprotected' }],
        thresholds: GOOD_AT_ZERO,
        width: 4,
        height: 4,
      }),
    )
    .withPanel(
      numbers({
        title: 'At risk',
        description: 'Services of which something that is owed is missing or unproven.',
        queries: [{ expr: verdicts('at-risk'), legend: 'at risk' }],
        thresholds: [
          ['green', null],
          ['orange', 1],
        ],
        width: 4,
        height: 4,
      }),
    )
    .withPanel(
      numbers({
        title: 'Protected',
        description: 'Services for which everything that is owed is proven.',
        queries: [{ expr: verdicts('protected'), legend: 'protected' }],
        thresholds: [['green', null]],
        width: 4,
        height: 4,
      }),
    )
    .withPanel(
      numbers({
        title: 'Last backup not well',
        description: 'Jobs of which the last attempt did not succeed, or that never ran.',
        queries: [{ expr: `count(${lowest(F.backupStatus, HOST)} == 0) or vector(0)`, legend: 'jobs' }],
        thresholds: GOOD_AT_ZERO,
        width: 4,
        height: 4,
      }),
    )
    .withPanel(
      numbers({
        title: 'Notifications that wait',
        description: 'Not delivered yet.',
        queries: [{ expr: `sum(${highest(F.queueMessages, HOST)}) or vector(0)`, legend: 'waiting' }],
        thresholds: GOOD_AT_ZERO,
        width: 4,
        height: 4,
      }),
    )
    .withPanel(
      numbers({
        title: 'Metrics written',
        description: 'How long ago. Everything here is as old as that.',
        queries: [{ expr: since(lowest(F.written, HOST)), legend: '{{hostname}}' }],
        unit: 's',
        thresholds: [
          ['green', null],
          ['red', 1200],
        ],
        width: 4,
        height: 4,
      }),
    )
    .withPanel(
      grid(
        {
          title: '3-2-1',
          description: 'Copies, media and offsite copies that count, beside what is owed.',
          width: 24,
          height: 9,
        },
        'service',
        [
          { title: 'protected', expr: per('service', select(F.serviceProtected, HOST)) },
          { title: 'copies', expr: per('service', select(F.serviceCopies, HOST)) },
          { title: 'copies owed', expr: per('service', select(F.serviceCopiesOwed, HOST)) },
          { title: 'media', expr: per('service', select(F.serviceMedia, HOST)) },
          { title: 'media owed', expr: per('service', select(F.serviceMediaOwed, HOST)) },
          { title: 'offsite', expr: per('service', select(F.serviceOffsite, HOST)) },
          { title: 'offsite owed', expr: per('service', select(F.serviceOffsiteOwed, HOST)) },
          { title: 'back in (minutes)', expr: `${per('service', select(F.measuredRto, HOST))} / 60` },
          { title: 'owed within (minutes)', expr: `${per('service', select(F.owedRto, HOST))} / 60` },
        ],
      ),
    )
    .withPanel(
      bars({
        title: 'Age of the newest copy, of what is owed',
        description: 'At 100 % the newest complete copy is as old as it may get.',
        queries: [{ expr: ageShare(HOST), legend: '{{backup_job}}@{{repository}}' }],
        unit: 'percentunit',
        thresholds: SHARE,
        width: 12,
        height: 10,
      }),
    )
    .withPanel(
      lines({
        title: 'Free space',
        description: 'Where repositories on local paths lie.',
        queries: [
          {
            expr: `${lowest(F.repositoryFree, HOST)} / ${highest(F.repositorySize, HOST)}`,
            legend: '{{repository}} on {{hostname}}',
          },
        ],
        unit: 'percentunit',
        width: 12,
        height: 10,
      }),
    )
    .withRow(new dashboard.RowBuilder('Proofs and gates'))
    .withPanel(
      states(
        {
          title: 'Repositories',
          description: 'Whether the last verification found them whole, and restores from them were tried out.',
          queries: [
            { expr: lowest(F.verificationStatus, HOST), legend: '{{repository}} verified' },
            { expr: lowest(F.restoreTestStatus, HOST), legend: '{{repository}} drilled' },
          ],
          width: 12,
          height: 8,
        },
        { '0': { text: 'not proven', color: 'red' }, '1': { text: 'proven', color: 'green' } },
      ),
    )
    .withPanel(
      states(
        {
          title: 'Gates',
          description: 'What the last gate said before a deployment.',
          queries: [{ expr: highest(F.gateExitCode, HOST), legend: '{{hostname}}' }],
          width: 12,
          height: 8,
        },
        {
          '0': { text: 'safe', color: 'green' },
          '1': { text: 'acceptable', color: 'orange' },
          '2': { text: 'do not deploy', color: 'red' },
        },
      ),
    )
    .withPanel(
      lines({
        title: 'Unsuccessful in gates',
        description: 'Share of what was due.',
        queries: [{ expr: highest(F.gateUnsuccessful, HOST), legend: '{{hostname}}' }],
        unit: 'percentunit',
        width: 12,
        height: 7,
      }),
    )
    .withPanel(
      lines({
        title: 'Duration of gates and runs',
        description: 'Of the last of each kind.',
        queries: [
          { expr: highest(F.gateDuration, HOST), legend: 'gate on {{hostname}}' },
          { expr: highest(F.runDuration, HOST), legend: '{{kind}} on {{hostname}}' },
        ],
        unit: 's',
        width: 12,
        height: 7,
      }),
    )
    .withRow(new dashboard.RowBuilder('$service').repeat('service'))
    .withPanel(
      lines({
        title: 'Age of the newest copy, of what is owed',
        description: 'At 100 % it is as old as it may get.',
        queries: [{ expr: ageShare(OF_SERVICE), legend: '{{repository}}' }],
        unit: 'percentunit',
        thresholds: SHARE,
        width: 8,
        height: 7,
      }),
    )
    .withPanel(
      lines({
        title: 'Duration',
        description: 'Of the last attempt.',
        queries: [{ expr: highest(F.backupDuration, OF_SERVICE), legend: '{{repository}}' }],
        unit: 's',
        width: 4,
        height: 7,
      }),
    )
    .withPanel(
      lines({
        title: 'Size',
        description: 'Of the newest complete copy, and what the last attempt added.',
        queries: [
          { expr: highest(F.backupSize, OF_SERVICE), legend: 'copy in {{repository}}' },
          { expr: highest(F.backupBytesAdded, OF_SERVICE), legend: 'added to {{repository}}' },
        ],
        unit: 'bytes',
        width: 6,
        height: 7,
      }),
    )
    .withPanel(
      numbers({
        title: 'Snapshots, files',
        description: 'Snapshots when the repository was last asked; files in the newest copy.',
        queries: [
          { expr: highest(F.backupSnapshots, OF_SERVICE), legend: 'in {{repository}}' },
          { expr: per('backup_job', select(F.backupFiles, OF_SERVICE)), legend: 'files' },
        ],
        width: 3,
        height: 7,
      }),
    )
    .withPanel(
      numbers({
        title: 'Drills',
        description: 'How long ago a restore was proven, and how long it took.',
        queries: [
          { expr: since(highest(F.drillLastSuccess, OF_SERVICE)), legend: '{{repository}}, ago' },
          { expr: highest(F.restoreTestDuration, OF_SERVICE), legend: '{{repository}}, took' },
        ],
        unit: 's',
        width: 3,
        height: 7,
      }),
    )
    .build();
}

const choice = (name: string, label: string, query: string): dashboard.QueryVariableBuilder =>
  new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource({ type: 'prometheus', uid: '${datasource}' })
    .query(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*');

export const dashboardTemplate = (): string => `${JSON.stringify(buildDashboard(), null, 1)}\n`;

if (import.meta.main) writeFileSync(join(resolve(import.meta.dirname, '..'), DASHBOARD_TEMPLATE), dashboardTemplate());
