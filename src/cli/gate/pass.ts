// One pass through a gate: which one, what this host has for it, running it, and telling its answer.

import type { GateConfig } from '../../config/configuration.ts';
import type { Duration } from '../../domain/duration.ts';
import type { Report } from '../../domain/report.ts';
import type { ArrangedStage } from '../../engine/gate/arrange.ts';
import type { Observed } from '../../engine/gate/observe.ts';
import type { CliContext } from '../context.ts';
import { execute } from '../execute.ts';

export interface PassOptions {
  readonly dryRun?: boolean | undefined;
  readonly stopOnInterrupt?: boolean | undefined;
  readonly freshWithin?: Duration | undefined;
  readonly wait?: Duration | undefined;
}

export interface Passed {
  readonly report: Report;
  readonly units: readonly string[];
}

/** Runs the gate, tells its report, and answers with it. */
export async function pass(cli: CliContext, name: string | undefined, options: PassOptions): Promise<Passed> {
  const configuration = await cli.configuration();
  const { planGate } = await import('../../engine/gate/plan-gate.ts');
  const { estimate } = await import('../../engine/gate/estimate.ts');
  const { renderGate } = await import('./verdict.ts');
  const { renderGatePlan } = await import('./stages.ts');
  await using look = await lookAround(cli, name, options.freshWithin);
  const { observed, stages, units } = look;
  const { gate, derived } = observed;
  const estimates = await estimate(stages, configuration.stateDir, observed);
  const stopOnInterrupt = options.stopOnInterrupt === true;
  await using _following = options.dryRun ? null : await follow(cli, units);
  const report = await execute(
    cli,
    configuration,
    (toolbox) => planGate(configuration, stages, observed, toolbox, { stopOnInterrupt, estimates }),
    {
      ...options,
      render: (told) =>
        options.dryRun
          ? renderGatePlan(told, { gate, stages, derived, estimates }, cli.out)
          : renderGate(told, gate, cli.out),
    },
  );
  return { report, units };
}

interface Look extends AsyncDisposable {
  readonly observed: Observed;
  readonly stages: readonly ArrangedStage[];
  readonly units: readonly string[];
}

/** The gate that is meant, and what this host has for it. */
export async function lookAround(cli: CliContext, name: string | undefined, freshWithin?: Duration): Promise<Look> {
  const configuration = await cli.configuration();
  const { observe } = await import('../../engine/gate/observe.ts');
  const { arrangeGate } = await import('../../engine/gate/plan-gate.ts');
  const seen = await observe(configuration, name, cli.clock.now(), cli.signal);
  const observed = { ...seen, gate: withFreshness(seen.gate, freshWithin) };
  const stages = arrangeGate(observed.gate, configuration, observed.found);
  const units = stages.flatMap((stage) => stage.units);
  return { observed, stages, units, [Symbol.asyncDispose]: () => seen[Symbol.asyncDispose]() };
}

const withFreshness = (gate: GateConfig, freshWithin: Duration | undefined): GateConfig =>
  freshWithin === undefined ? gate : { ...gate, stages: gate.stages.map((stage) => ({ ...stage, freshWithin })) };

/** With --verbose what the units say streams in; null without it. */
async function follow(cli: CliContext, units: readonly string[]): Promise<AsyncDisposable | null> {
  if (!cli.options.verbose || units.length === 0) return null;
  const { followUnits } = await import('../../tools/systemd/journalctl.ts');
  const { printable } = await import('../table.ts');
  return followUnits(units, cli.clock.now(), (unit, message) => cli.note(`  ${unit}: ${printable(message)}`));
}

/** Does the work unless another gate is at work on this host: then it throws `busy`. */
export async function whileAlone(cli: CliContext, work: () => Promise<unknown>): Promise<void> {
  const { onlyGate } = await import('../../engine/gate/one-gate.ts');
  const { fileLockBroker } = await import('../../repositories/broker.ts');
  const { stateDir } = await cli.configuration();
  using journal = await cli.journal(stateDir);
  await using _alone = await onlyGate(fileLockBroker(stateDir), journal, cli.clock.now(), cli.signal);
  await work();
}
