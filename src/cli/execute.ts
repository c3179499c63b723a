// What every command that runs a plan does: open the journal, plan, show, and tell the report (or the plan, dry).

import { duration, type Duration } from '../domain/duration.ts';
import type { Plan } from '../domain/plan.ts';
import type { Report } from '../domain/report.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Toolbox } from '../engine/toolbox.ts';
import { type CliContext, tellReport } from './context.ts';
import { tailorReport } from './hints.ts';

export interface ExecuteOptions {
  readonly dryRun?: boolean | undefined;
  /** How long to wait for locks. */
  readonly wait?: Duration | undefined;
  /** Instead of the ordinary rendering. */
  readonly render?: (report: Report) => string;
  /** Every page of the journal is read before anything relies on it, which takes as long as the journal is old. Default: each time. */
  readonly thorough?: 'this-boot';
}

export const DEFAULT_WAIT = duration(15, 'm');

/** `agent`: none to tell where there is no configuration. */
export type Runnable = Pick<Configuration, 'host' | 'stateDir'> & Partial<Pick<Configuration, 'agent'>>;

/** Plans with `build` and runs; answers with the report that was told. */
export async function execute(
  context: CliContext,
  configuration: Runnable,
  build: (toolbox: Toolbox) => Plan | Promise<Plan>,
  options: ExecuteOptions,
): Promise<Report> {
  const { runPlan } = await import('../engine/runner/runner.ts');
  const { dryRun } = await import('../engine/runner/dry-run.ts');
  const { toolboxFor } = await import('../engine/toolbox.ts');
  const { EFFECT_KINDS } = await import('../engine/effect-kinds.ts');
  const { fileLockBroker } = await import('../repositories/broker.ts');
  const { openProgress, showsTree } = await import('./progress.ts');
  const { renderReport } = await import('./render-report.ts');
  const render = options.render ?? ((report: Report) => renderReport(report, context.out));

  if (options.dryRun) {
    const { openTransientJournal } = await import('../journal/open-journal.ts');
    using nothing = openTransientJournal(); // a dry run changes nothing, not even the state directory
    const report = dryRun(await build(toolboxFor(configuration, nothing)), context.clock);
    for (const warning of report.warnings) context.warn(warning);
    tellReport(context, report, render(report));
    return report;
  }
  const { openPublisher } = await import('../engine/live/publisher.ts');
  const { takeRunId } = await import('../engine/runner/run-id.ts');
  const runId = takeRunId(process.env);
  using journal = await context.journal(configuration.stateDir, { thorough: options.thorough ?? true });
  const plan = await build({ ...toolboxFor(configuration, journal), estimate: showsTree(context) });
  let outcome: Report;
  {
    await using progress = await openProgress(context);
    const { agent, stateDir } = configuration;
    await using publisher = agent ? openPublisher(agent.socket, { stateDir }, context.clock) : null;
    outcome = await runPlan(plan, {
      journal,
      broker: fileLockBroker(configuration.stateDir),
      clock: context.clock,
      kinds: EFFECT_KINDS,
      signal: context.signal,
      lockWait: options.wait ?? DEFAULT_WAIT,
      runId,
      observe(event) {
        progress.observe(event);
        publisher?.observe(event);
      },
    });
  }
  const report = tailorReport(outcome, context.tailor);
  tellReport(context, report, render(report));
  return report;
}
