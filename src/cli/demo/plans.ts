// The demo's way to the very plans that the commands run: initialise, run, restore. Nothing is told but live progress.

import type { Configuration } from '../../config/configuration.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Report } from '../../domain/report.ts';
import { planRestore, restoreScene } from '../../engine/restore/plan-restore.ts';
import type { Toolbox } from '../../engine/toolbox.ts';
import { fileLockBroker } from '../../repositories/broker.ts';
import type { CliContext } from '../context.ts';
import { DEFAULT_WAIT, execute } from '../execute.ts';

/** A plan that did not succeed ends the story. */
export class PlanFailed extends Error {
  readonly report: Report;

  constructor(report: Report) {
    super(`${report.kind} ${report.outcome}`);
    this.name = 'PlanFailed';
    this.report = report;
  }
}

/** Runs a plan as the commands do. Throws PlanFailed unless every step succeeded, the signal's reason when interrupted. */
export async function runSilently(
  cli: CliContext,
  configuration: Configuration,
  build: (toolbox: Toolbox) => Plan | Promise<Plan>,
): Promise<Report> {
  const { verbose, json, quiet } = cli.options;
  const silent: CliContext = {
    ...cli,
    options: { ...cli.options, quiet: quiet || (!verbose && (json || !cli.err.isTerminal)) },
    result: () => {},
  };
  const report = await execute(silent, configuration, build, {});
  cli.signal.throwIfAborted();
  if (report.outcome !== 'succeeded') throw new PlanFailed(report);
  return report;
}

/** Puts the newest copy of a service back where it was. */
export const restoreInPlace = (
  cli: CliContext,
  configuration: Configuration,
  service: string,
  repository: string,
): Promise<Report> => restore(cli, configuration, { service, repository, to: null });

/** Restores the newest copy of a service below a directory that does not exist yet. */
export const restoreTo = (
  cli: CliContext,
  configuration: Configuration,
  service: string,
  repository: string,
  to: string,
): Promise<Report> => restore(cli, configuration, { service, repository, to });

const restore = (
  cli: CliContext,
  configuration: Configuration,
  { service, repository, to }: { readonly service: string; readonly repository: string; readonly to: string | null },
): Promise<Report> =>
  runSilently(cli, configuration, (toolbox) =>
    planRestore(restoreScene(configuration, service, repository), { service, host: configuration.host, to }, toolbox, {
      broker: fileLockBroker(configuration.stateDir),
      now: cli.clock.now(),
      signal: cli.signal,
      lockWait: DEFAULT_WAIT,
    }),
  );
