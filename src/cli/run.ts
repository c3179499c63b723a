// holdfast run: back up.

import { Command } from '@commander-js/extra-typings';
import type { Report } from '../domain/report.ts';
import type { Job } from '../engine/backup/backup-step.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { execute } from './execute.ts';
import { waitOption } from './options.ts';

export const runCommand: CommandFactory = (context) =>
  new Command('run')
    .description('back up services (all of them, or those that match)')
    .argument('[service...]', 'names or shell patterns')
    .option('--repository <name>', 'only into this repository')
    .option('--tag <tag>', 'only services that carry this tag')
    .option('--dry-run', 'show the plan, change nothing')
    .addOption(waitOption())
    .action(async (services, options) => {
      const { planRun, selectJobs } = await import('../engine/backup/plan-run.ts');
      const cli = context();
      const configuration = await cli.configuration();
      const selection = { services, repository: options.repository, tag: options.tag };
      const { jobs } = selectJobs(configuration, selection); // a typo is told before anything is opened or made
      await execute(cli, configuration, (toolbox) => planRun(configuration, selection, toolbox), {
        ...options,
        ...(options.dryRun ? { render: await dryRendering(cli, jobs) } : {}),
      });
    });

async function dryRendering(cli: CliContext, jobs: readonly Job[]): Promise<(report: Report) => string> {
  const { renderReport } = await import('./render-report.ts');
  const { renderRunPlan } = await import('./render-run-plan.ts');
  return (report) => `${renderRunPlan(jobs)}\n${renderReport(report, cli.out)}`;
}
