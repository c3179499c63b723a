// What every command does of which the plan depends on what repositories answer: ask them while planning, also in a dry run,
// which reads the history as it is and changes nothing.

import type { Plan } from '../domain/plan.ts';
import type { Report } from '../domain/report.ts';
import type { PlanningWorld } from '../engine/restore/plan-restore.ts';
import type { Toolbox } from '../engine/toolbox.ts';
import type { CliContext } from './context.ts';
import { DEFAULT_WAIT, execute, type ExecuteOptions, type Runnable } from './execute.ts';
import { readJournal } from './read-journal.ts';

/** Plans with `build` and runs; answers with the report that was told. */
export async function executeObserving(
  cli: CliContext,
  configuration: Runnable,
  build: (toolbox: Toolbox, world: PlanningWorld) => Promise<Plan>,
  options: ExecuteOptions,
): Promise<Report> {
  const { fileLockBroker, noLocks } = await import('../repositories/broker.ts');
  const { stateDir } = configuration;
  const world = {
    broker: options.dryRun ? noLocks : fileLockBroker(stateDir),
    now: cli.clock.now(),
    lockWait: options.wait ?? DEFAULT_WAIT,
    signal: cli.signal,
  };
  using past = options.dryRun ? await readJournal(cli, stateDir) : null;
  return await execute(
    cli,
    configuration,
    (toolbox) => build(past ? { ...toolbox, journal: past } : toolbox, world),
    options,
  );
}
