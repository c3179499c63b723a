// holdfast metrics: the Prometheus text format from the journal; and with rules and dashboard what is done with it.

import { resolve } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import type { Configuration } from '../config/configuration.ts';
import { HoldfastError } from '../lib/errors.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { readJournal } from './read-journal.ts';

export const metricsCommand: CommandFactory = (context) => {
  const metrics = new Command('metrics')
    .description('print metrics for Prometheus, from the journal; write alert rules and a dashboard')
    .option(
      '--textfile [file]',
      'write them for the node exporter instead, to the file that is configured unless one is named',
    )
    .action(async ({ textfile }) => await tellMetrics(context(), textfile));
  metrics
    .command('rules')
    .description("write Prometheus alert rules for this configuration's thresholds")
    .addOption(outOption())
    .action(async ({ out }) => await tellRules(context(), out));
  metrics
    .command('dashboard')
    .description('write a Grafana dashboard of these metrics')
    .addOption(outOption())
    .action(async ({ out }) => await tellDashboard(context(), out));
  return metrics;
};

const outOption = (): Option<'--out <file>'> => new Option('--out <file>', 'into a file instead of standard output');

async function tellRules(cli: CliContext, out: string | undefined): Promise<void> {
  const configuration = await cli.configuration();
  const { ruleFile } = await import('../observe/metrics/rules/rule-file.ts');
  const { stringify } = await import('yaml');
  const { patienceOfKinds } = await import('../engine/schedule/attendance.ts');
  const { scheduledJobs } = await import('../engine/schedule/scheduled-jobs.ts');
  const { host, metrics } = configuration;
  const rules = ruleFile({ host, metrics, patience: patienceOfKinds(scheduledJobs(configuration)) });
  const header = `# Alert rules of Prometheus for ${configuration.host}, by: holdfast metrics rules\n`;
  await tell(cli, out, header + stringify(rules, { lineWidth: 0 }), rules);
}

async function tellDashboard(cli: CliContext, out: string | undefined): Promise<void> {
  const { host } = await cli.configuration();
  const { dashboardOf } = await import('../observe/metrics/dashboard/dashboard-of.ts');
  const dashboard = dashboardOf(host);
  await tell(cli, out, `${JSON.stringify(dashboard, null, 1)}\n`, dashboard);
}

/** Into the file, or on standard output. */
async function tell(cli: CliContext, out: string | undefined, text: string, json: unknown): Promise<void> {
  if (out === undefined || out === '-') return cli.result(text, json);
  const file = resolve(out);
  await publish(cli, file, text, 'write');
  cli.result('', { schemaVersion: 1, kind: 'file', exitCode: 0, file });
}

async function tellMetrics(cli: CliContext, textfile: string | true | undefined): Promise<void> {
  const configuration = await cli.configuration();
  const file = textfile === undefined ? null : textfileOf(configuration, textfile);
  const { metricsNow } = await import('../engine/metrics/metrics-text.ts');
  const { renderSeries, samplesOf } = await import('../observe/metrics/exposition.ts');
  using journal = await readJournal(cli, configuration.stateDir);
  const series = await metricsNow({ configuration, journal, now: cli.clock.now() }, cli.signal);
  if (file !== null) await publish(cli, file, renderSeries(series), 'write metrics to');
  const json = cli.options.json && {
    schemaVersion: 1,
    kind: 'metrics',
    host: configuration.host,
    exitCode: 0,
    file,
    samples: samplesOf(series).map(({ family, labels, value }) => ({ name: family.name, labels, value })),
  };
  cli.result(file === null && !json ? renderSeries(series) : '', json);
}

function textfileOf({ metrics }: Configuration, given: string | true): string {
  if (given !== true) return resolve(given);
  if (metrics.textfile !== null) return metrics.textfile;
  throw new HoldfastError({
    code: 'config',
    operation: 'write metrics',
    subject: 'metrics.textfile',
    message: 'metrics.textfile is not configured, so that there is no file to write to',
    hint: 'Set metrics.textfile to a .prom file in the directory that the node exporter reads, or name one: holdfast metrics --textfile FILE',
  });
}

async function publish(cli: CliContext, file: string, text: string, operation: string): Promise<void> {
  const { publishFile } = await import('../engine/metrics/publish-file.ts');
  await publishFile({ file, text, operation, now: cli.clock.now() });
}
