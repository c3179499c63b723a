// The demo's way to the very plans that the commands run: initialise, run, restore, drill, verify. Nothing is told but live progress.

import type { Configuration } from '../../config/configuration.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Report } from '../../domain/report.ts';
import type { Inspector } from '../../engine/drill/drill-step.ts';
import { planDrill } from '../../engine/drill/plan-drill.ts';
import { type PlanningWorld, planRestore, restoreScene } from '../../engine/restore/plan-restore.ts';
import { planVerify } from '../../engine/verify/plan-verify.ts';
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
): Promise<Report> =>
  runSilently(cli, configuration, (toolbox) =>
    planRestore(
      restoreScene(configuration, service, repository),
      { service, host: configuration.host, to: null },
      toolbox,
      worldOf(cli, configuration),
    ),
  );

/** Tries out the newest copy of a service; `inspect` looks at what came back. */
export const drill = (
  cli: CliContext,
  configuration: Configuration,
  service: string,
  repository: string,
  inspect: Inspector,
): Promise<Report> =>
  runSilently(cli, configuration, (toolbox) =>
    planDrill(
      configuration,
      { services: [service], repository, pick: 'newest', sampleFiles: null, due: false, keep: false, inspect },
      toolbox,
      worldOf(cli, configuration),
    ),
  );

/** Reads all data of every repository. */
export const verify = (cli: CliContext, configuration: Configuration): Promise<Report> =>
  runSilently(cli, configuration, (toolbox) =>
    planVerify(
      configuration,
      [...configuration.repositories.values()],
      { rounds: 1, keyless: false, due: false },
      toolbox,
      cli.clock.now(),
    ),
  );

const worldOf = (cli: CliContext, { stateDir }: Configuration): PlanningWorld => ({
  broker: fileLockBroker(stateDir),
  now: cli.clock.now(),
  signal: cli.signal,
  lockWait: DEFAULT_WAIT,
});
