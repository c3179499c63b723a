// Writes docs/reference/metrics.md from the table of metrics and the alert rules. A test fails while the page is stale: run
// `node scripts/generate-metrics-reference.ts` after changing either.

import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { duration, type Duration } from '../src/domain/duration.ts';
import { expectedInterval } from '../src/domain/frequency.ts';
import type { Share } from '../src/domain/percentage.ts';
import { patienceOf } from '../src/engine/schedule/attendance.ts';
import { ALL_FAMILIES } from '../src/observe/metrics/families.ts';
import { alertRules } from '../src/observe/metrics/rules/rule-file.ts';

export const METRICS_PAGE = 'docs/reference/metrics.md';

const INTRODUCTION = `# Metrics and alerts

<!-- Generated from the table of metrics and the alert rules by scripts/generate-metrics-reference.ts; do not edit. -->

How to get them to Prometheus, Alertmanager and Grafana: [monitoring](../guide/monitoring.md).

A status is 1 only where a success is on record; unknown is 0. A figure that is not known is not there. Every metric has the label
\`hostname\`: the \`host\` of the configuration. \`backup_job\` is the name of a service.
`;

const LEVELS = { warning: 0.8 as Share, critical: 0.9 as Share };
const LAG = { warning: 0 as Duration, critical: 0 as Duration };

const patience = (frequency: string, randomizedDelay: Duration): Duration =>
  patienceOf(expectedInterval(frequency), { randomizedDelay });

/** The page as Markdown. */
export function metricsReference(): string {
  const metrics = ALL_FAMILIES.map(
    ({ name, labels, help }) => `| \`${name}\` | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  const source = {
    host: 'HOST',
    metrics: { textfile: null, capacity: LEVELS, replicationLag: LAG },
    patience: new Map([
      ['verify', patience('weekly', duration(6, 'h'))],
      ['drill', patience('monthly', duration(6, 'h'))],
      ['retention', patience('daily', duration(1, 'h'))],
      ['refresh', patience('daily', duration(1, 'h'))],
    ] as const),
  };
  const alerts = alertRules(source).map(
    ({ alert, severity, expr, for: held, description }) =>
      `| ${alert} | ${severity} | ${inWords(description)} | \`${expr.replaceAll('|', String.raw`\|`)}\`${held === '0m' ? '' : ` for ${held}`} |`,
  );
  return `${[
    INTRODUCTION,
    '## Metrics\n',
    '| metric | labels | meaning |',
    '| --- | --- | --- |',
    ...metrics,
    '\n## Alerts\n',
    'For a host called HOST with the levels and schedules that are built in.\n',
    '| alert | severity | what it says | when |',
    '| --- | --- | --- | --- |',
    ...alerts,
  ].join('\n')}\n`;
}

/** Without the templates of Prometheus. */
const inWords = (text: string): string =>
  text
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, '*$1*')
    .replaceAll(/\{\{ \$value \| humanize\w+ \}\}/g, '*so much*')
    .replaceAll('|', String.raw`\|`);

if (import.meta.main) writeFileSync(join(resolve(import.meta.dirname, '..'), METRICS_PAGE), metricsReference());
