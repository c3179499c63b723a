// holdfast status: evidence against protection. Answers from the journal; asks the repositories only with --refresh.

import { Command } from '@commander-js/extra-typings';
import type { Configuration, ServiceConfig } from '../config/configuration.ts';
import { EXIT } from '../domain/exit-code.ts';
import type { Plan } from '../domain/plan.ts';
import type { StatusProblem } from '../engine/status/problems.ts';
import type { StatusReport } from '../engine/status/status.ts';
import type { Toolbox } from '../engine/toolbox.ts';
import type { CliContext, CommandFactory } from './context.ts';
import type { ExecuteOptions } from './execute.ts';
import { asTyped } from './hints.ts';
import { waitOption } from './options.ts';
import { readJournal } from './read-journal.ts';
import { type AgentChoice, agentFor } from './through-agent.ts';

export const statusCommand: CommandFactory = (context) =>
  new Command('status')
    .description('show how well each service is protected, from the evidence')
    .argument('[service...]', 'names or shell patterns')
    .option('--refresh', 'ask each repository once what it really holds')
    .option('--check', 'exit 1 when a service is at risk, 2 when one is unprotected')
    .option('--agent', 'ask the agent of this host, also where this user can read the record')
    .option('--no-agent', 'never ask the agent')
    .addOption(waitOption())
    .action(async (patterns, options) => {
      const cli = context();
      const configuration = await cli.configuration();
      const { selectServices } = await import('../engine/select.ts');
      const services = selectServices(configuration, patterns);
      const refreshed = options.refresh ? await refresh(cli, configuration, services, options) : EXIT.ok;
      const status = await look(cli, configuration, services, options);
      const report = { ...status, problems: status.problems.map(typedHint(cli)) };
      cli.result(cli.options.json ? '' : await screen(report, patterns.length > 0, cli), report);
      const checked = options.check ? report.checkExitCode : EXIT.ok;
      cli.exitCode = Math.max(refreshed, checked);
    });

/** From the record, or from the agent of this host, whose record it is where this user may not read it. */
async function look(
  cli: CliContext,
  configuration: Configuration,
  services: readonly ServiceConfig[],
  choice: AgentChoice,
): Promise<StatusReport> {
  const socket = await agentFor(cli, configuration, choice);
  if (socket !== null) {
    const { askAgent } = await import('../engine/agent-client/request.ts');
    const { statusShape } = await import('../engine/api/status-shape.ts');
    const names = services.length === configuration.services.size ? [] : services.map(({ name }) => name);
    const query = names.map((name) => `service=${encodeURIComponent(name)}`).join('&');
    return await askAgent(socket, { path: `/v1/backup-status?${query}` }, statusShape, cli.signal);
  }
  const { statusOf } = await import('../engine/status/status.ts');
  using journal = await readJournal(cli, configuration.stateDir);
  return statusOf({ config: configuration, services, journal, now: cli.clock.now() });
}

/** All of them in a line each, or the whole story of one that was asked for. */
async function screen(report: StatusReport, asked: boolean, { out, options }: CliContext): Promise<string> {
  const [only, ...others] = report.services;
  if (asked && only && others.length === 0) {
    const { renderService } = await import('./render-service.ts');
    return renderService(report, only, out, asTyped(options));
  }
  const { renderStatus } = await import('./render-status.ts');
  return renderStatus(report, out);
}

const typedHint =
  ({ options }: CliContext) =>
  (problem: StatusProblem): StatusProblem =>
    problem.hint === null ? problem : { ...problem, hint: asTyped(options)(problem.hint) };

/** Runs the plan; what it came to is part of the status, so that its own report is told only where it did not succeed. */
async function refresh(
  cli: CliContext,
  configuration: Configuration,
  services: readonly ServiceConfig[],
  options: ExecuteOptions,
): Promise<number> {
  const { execute } = await import('./execute.ts');
  const { planRefresh } = await import('../engine/status/reconcile.ts');
  const { watchSteps } = await import('../engine/postgres/watch-archive.ts');
  const { PATIENCE } = await import('../engine/postgres/look-at-each.ts');
  const { engineJobs } = await import('../engine/postgres/plan-backup.ts');
  const { renderError } = await import('./render-error.ts');
  const repositories = [...configuration.repositories.values()]
    .map((repository) => ({
      repository,
      services: services.filter((each) => each.backup?.repositories.includes(repository.name)).map((each) => each.name),
    }))
    .filter((each) => each.services.length > 0);
  const servers = services.flatMap((service) => engineJobs(service).slice(0, 1));
  if (repositories.length === 0 && servers.length === 0) return EXIT.ok;
  const silent: CliContext = { ...cli, result: () => {} };
  const build = (toolbox: Toolbox): Plan => {
    const plan = planRefresh(configuration.host, repositories, toolbox);
    const looks = watchSteps(servers, { journal: toolbox.journal, patience: PATIENCE, only: 'look' });
    return { ...plan, steps: [...plan.steps, ...looks] };
  };
  const report = await execute(silent, configuration, build, { wait: options.wait });
  for (const step of report.steps) {
    if (step.error) cli.err.write(renderError(step.error));
    else if (step.reason) cli.warn(`${step.repository ?? step.service ?? step.title}: ${step.reason}`);
  }
  return report.exitCode;
}
