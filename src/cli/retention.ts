// holdfast retention: what would be kept and removed, and why; apply it.

import { Command } from '@commander-js/extra-typings';
import type { Report } from '../domain/report.ts';
import type { RetentionDecision } from '../domain/retention.ts';
import type { RetentionSelection } from '../engine/retention/plan-retention.ts';
import type { CliContext, CommandFactory } from './context.ts';
import { execute, type ExecuteOptions } from './execute.ts';
import { waitOption } from './options.ts';

export const retentionCommand: CommandFactory = (context) => {
  const retention = new Command('retention').description('show or apply what the policies keep and remove');
  retention
    .command('plan')
    .description('each snapshot with keep or remove, and why; removes nothing')
    .argument('[service...]', 'names or shell patterns')
    .addOption(waitOption())
    .action((services, options) => perform(context(), { services, apply: false, confirmed: [] }, options));
  retention
    .command('apply')
    .description('remove what no policy keeps')
    .argument('[service...]', 'names or shell patterns')
    .option('--confirm <service>', 'go on for this one although something smelled (repeatable)', collect)
    .option('--dry-run', 'show what would go, as `plan` does; remove nothing')
    .addOption(waitOption())
    .action((services, { confirm: confirmed = [], dryRun, wait }) =>
      perform(context(), { services, apply: dryRun !== true, confirmed }, { wait }),
    );
  return retention;
};

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

async function perform(cli: CliContext, selection: RetentionSelection, options: ExecuteOptions): Promise<void> {
  const { planRetention } = await import('../engine/retention/plan-retention.ts');
  const { renderReport } = await import('./render-report.ts');
  const { renderRetention } = await import('./render-retention.ts');
  const { jobName, stepId } = await import('../domain/naming.ts');
  const configuration = await cli.configuration();
  const view = { ...cli.out, now: cli.clock.now(), utc: false };
  const decided: { readonly job: string; readonly repository: string; readonly decision: RetentionDecision }[] = [];
  const render = (report: Report): string => {
    const shown = decided.filter(({ decision }) => !selection.apply || cli.options.verbose || isNews(decision));
    const tables = shown
      .toSorted((a, b) => (a.job < b.job ? -1 : 1))
      .map(({ job, repository, decision }) =>
        renderRetention(job, decision, { ...view, gone: removedIn(report, stepId.retention(repository)) }),
      );
    return [...tables, renderReport(report, cli.out)].join('\n');
  };
  await execute(
    cli,
    configuration,
    (toolbox) =>
      planRetention(configuration, selection, toolbox, ({ service, repository }, decision) => {
        decided.push({ job: jobName(service.name, repository.name), repository: repository.name, decision });
      }),
    { ...options, render },
  );
}

/** Nothing, where the step failed before it came to that. */
function removedIn(report: Report, step: string): ReadonlySet<string> {
  const removed = report.steps.find(({ id }) => id === step)?.result?.['snapshotsRemoved'];
  return new Set(Array.isArray(removed) ? removed.map(String) : []);
}

/** Whether an application changed something, or did not for a reason that somebody should read. */
const isNews = (decision: RetentionDecision): boolean =>
  decision.removed.snapshots > 0 || decision.refusal !== null || decision.hold !== null || decision.warnings.length > 0;
