// holdfast run: back up.

import { Command, Option } from '@commander-js/extra-typings';
import { heldWords } from '../domain/empty-start.ts';
import { BACKUP_KINDS } from '../domain/postgres-backup.ts';
import type { Report } from '../domain/report.ts';
import type { Plan } from '../domain/plan.ts';
import type { RunEvent } from '../domain/run-event.ts';
import type { Job } from '../engine/backup/backup-step.ts';
import type { Toolbox } from '../engine/toolbox.ts';
import { usage } from './ad-hoc.ts';
import { type CliContext, type CommandFactory, tellReport } from './context.ts';
import { execute } from './execute.ts';
import { tailorReport } from './hints.ts';
import { waitOption } from './options.ts';
import { readJournal } from './read-journal.ts';
import { agentFor } from './through-agent.ts';

export const runCommand: CommandFactory = (context) =>
  new Command('run')
    .description('back up services (all of them, or those that match)')
    .argument('[service...]', 'names or shell patterns')
    .option('--repository <name>', 'only into this repository')
    .addOption(new Option('--type <kind>', 'only PostgreSQL servers: a backup of this kind').choices(BACKUP_KINDS))
    .option('--due', 'only PostgreSQL servers, and of those only what is due')
    .option('--tag <tag>', 'only services that carry this tag')
    .option('--dry-run', 'show the plan, change nothing')
    .option('--agent', 'have the agent of this host do it, also where this user could')
    .option('--no-agent', 'never ask the agent')
    .addOption(waitOption())
    .action(async (services, options) => {
      const { heldServices } = await import('../engine/recover/empty-starts.ts');
      const { planRun, selectJobs } = await import('../engine/backup/plan-run.ts');
      const cli = context();
      const configuration = await cli.configuration();
      const { repository, tag, type, due } = options;
      const selection = { services, repository, tag, type, onlyDue: due };
      const { jobs } = selectJobs(configuration, selection); // a typo is told before anything is opened or made
      const socket = options.dryRun ? null : await agentFor(cli, configuration, options);
      if (socket !== null) return await runElsewhere(cli, socket, jobs, options.repository);
      using past = options.dryRun ? await readJournal(cli, configuration.stateDir) : null;
      const build = (toolbox: Toolbox): Plan =>
        planRun(configuration, selection, past ? { ...toolbox, journal: past } : toolbox);
      for (const held of past ? heldServices(past) : [])
        if (jobs.some(({ service }) => service.name === held.service)) cli.warn(`${held.service}: ${heldWords(held)}`);
      const rendering = options.dryRun ? { render: await dryRendering(cli, jobs) } : {};
      await execute(cli, configuration, build, { ...options, ...rendering });
    });

/** The agent runs one service at a time: each is a run of its own, with a report of its own. */
async function runElsewhere(
  cli: CliContext,
  socket: string,
  jobs: readonly Job[],
  repository: string | undefined,
): Promise<void> {
  const [service, ...others] = new Set(jobs.map((job) => job.service.name));
  if (service === undefined || others.length > 0) {
    throw usage(
      `the agent backs up one service at a time, and ${1 + others.length} were named`,
      'Name one; or run this as root, which needs no agent.',
    );
  }
  const { runThroughAgent } = await import('../engine/agent-client/follow-run.ts');
  const { listener } = await import('../engine/live/tell.ts');
  const { openProgress } = await import('./progress.ts');
  const { renderReport } = await import('./render-report.ts');
  let report: Report;
  {
    const understand = listener();
    await using progress = await openProgress(cli);
    const hear = (told: RunEvent): void => {
      const event = understand(told);
      if (event) progress.observe(event);
    };
    report = await runThroughAgent(socket, { service, repository: repository ?? null }, hear, cli.signal);
  }
  const tailored = tailorReport(report, cli.tailor);
  for (const warning of report.steps.length === 0 ? report.warnings : []) cli.warn(warning);
  tellReport(cli, tailored, renderReport(tailored, cli.out));
}

async function dryRendering(cli: CliContext, jobs: readonly Job[]): Promise<(report: Report) => string> {
  const { renderReport } = await import('./render-report.ts');
  const { renderRunPlan } = await import('./render-run-plan.ts');
  return (report) => `${renderRunPlan(jobs)}\n${renderReport(report, cli.out)}`;
}
