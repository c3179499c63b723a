// holdfast status: evidence against protection. Answers from the journal; asks the repositories only with --refresh.

import { Command } from '@commander-js/extra-typings';
import type { Configuration, ServiceConfig } from '../config/configuration.ts';
import { EXIT } from '../domain/exit-code.ts';
import type { CliContext, CommandFactory } from './context.ts';
import type { ExecuteOptions } from './execute.ts';
import { waitOption } from './options.ts';
import { readJournal } from './read-journal.ts';

export const statusCommand: CommandFactory = (context) =>
  new Command('status')
    .description('show how well each service is protected, from the evidence')
    .argument('[service...]', 'names or shell patterns')
    .option('--refresh', 'ask each repository once what it really holds')
    .option('--check', 'exit 1 when a service is at risk, 2 when one is unprotected or its last run failed')
    .addOption(waitOption())
    .action(async (patterns, options) => {
      const cli = context();
      const configuration = await cli.configuration();
      const { selectServices } = await import('../engine/select.ts');
      const services = selectServices(configuration, patterns);
      const refreshed = options.refresh ? await refresh(cli, configuration, services, options) : EXIT.ok;
      const { statusOf } = await import('../engine/status/status.ts');
      const { renderStatus } = await import('./render-status.ts');
      using journal = await readJournal(cli, configuration.stateDir);
      const report = statusOf({ config: configuration, services, journal, now: cli.clock.now() });
      cli.result(cli.options.json ? '' : renderStatus(report, cli.out), report);
      const checked = options.check ? report.checkExitCode : EXIT.ok;
      cli.exitCode = Math.max(refreshed, checked);
    });

/** Runs the plan; what it came to is part of the status, so that its own report is told only where it did not succeed. */
async function refresh(
  cli: CliContext,
  configuration: Configuration,
  services: readonly ServiceConfig[],
  options: ExecuteOptions,
): Promise<number> {
  const { execute } = await import('./execute.ts');
  const { planRefresh } = await import('../engine/status/reconcile.ts');
  const { renderError } = await import('./render-error.ts');
  const repositories = [...configuration.repositories.values()]
    .map((repository) => ({
      repository,
      services: services.filter((each) => each.backup?.repositories.includes(repository.name)).map((each) => each.name),
    }))
    .filter((each) => each.services.length > 0);
  if (repositories.length === 0) return EXIT.ok;
  const silent: CliContext = { ...cli, result: () => {} };
  const report = await execute(silent, configuration, (toolbox) => planRefresh(configuration.host, repositories, toolbox), {
    wait: options.wait,
  });
  for (const step of report.steps) {
    if (step.error) cli.err.write(renderError(step.error));
    else if (step.reason) cli.warn(`${step.repository ?? step.title}: ${step.reason}`);
  }
  return report.exitCode;
}
