// The plan of `holdfast gate`: first a look at everything that must hold, then stage after stage, each begun when the one before
// has ended however it came out. Units and jobs are steps like any other; only the verdict is the gate's own.

import type { Configuration, GateConfig, GateStage } from '../../config/configuration.ts';
import { describeDuration } from '../../domain/duration.ts';
import { gateVerdict } from '../../domain/gate-verdict.ts';
import { elapsed } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult, Weight } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { remoteHostOf } from '../../tools/ssh/reach.ts';
import type { FoundUnit } from '../../tools/systemd/manager.ts';
import { type Job, nameOf } from '../backup/backup-step.ts';
import { backupStep, jobsOf, betweenJobs, repositoryLimits, sourceSteps, toolStep } from '../backup/plan-run.ts';
import type { Toolbox } from '../toolbox.ts';
import { engineSteps, engineToolSteps } from '../postgres/plan-backup.ts';
import { type ArrangedStage, arrangeStage, engineName, MASKED } from './arrange.ts';
import type { Estimates } from './estimate.ts';
import type { Observed } from './observe.ts';
import { GATE } from './one-gate.ts';
import { clockStep, pathStep, repositorySteps, systemdStep, targetStep } from './preflight.ts';
import { runUnit } from './unit-step.ts';

export interface GateOptions {
  readonly stopOnInterrupt: boolean;
  readonly estimates: Estimates;
}

/** The stages of a gate with what belongs to each; nothing belongs to two. */
export function arrangeGate(gate: GateConfig, config: Configuration, found: readonly FoundUnit[]): ArrangedStage[] {
  const services = [...config.services.values()];
  const jobs = jobsOf(config, services);
  const taken = new Set<string>();
  return gate.stages.map((stage) => {
    const arranged = arrangeStage(stage, found, jobs, taken, services);
    for (const name of namesIn(arranged)) taken.add(name);
    return arranged;
  });
}

const namesIn = ({ units, jobs, engines }: ArrangedStage): string[] => [
  ...units,
  ...jobs.map(nameOf),
  ...engines.map(({ name }) => engineName(name)),
];

export function planGate(
  config: Configuration,
  stages: readonly ArrangedStage[],
  observed: Observed,
  toolbox: Toolbox,
  options: GateOptions,
): Plan {
  const { gate } = observed;
  const jobs = stages.flatMap((stage) => stage.jobs);
  const repositories = new Map(jobs.map(({ repository }) => [repository.name, repository]));
  const needsSystemd = gate.stages.some(({ units }) => units.length > 0);
  const preflight = [
    ...(needsSystemd ? [systemdStep(observed.trouble)] : []),
    clockStep(toolbox),
    ...gate.preflight.map(pathStep),
    ...repositorySteps(config, new Set(repositories.keys()), toolbox),
    ...replicationTargets(config),
  ];
  const ready = preflight.filter(({ weight }) => weight === 'critical').map(({ id }) => id);
  const between = betweenJobs();
  const byStage = new Map<string, readonly string[]>();
  const staged: Step[] = [];
  let before: readonly string[] = [];
  for (const arranged of stages) {
    const { stage } = arranged;
    const common = {
      stage: stage.name,
      after: before,
      weight: WEIGHTS[stage.onFailure],
      ready: [...ready, ...stage.needs.flatMap((name) => byStage.get(name) ?? [])],
      lane: stageLane(stage),
    };
    const steps = [
      ...arranged.units.map((unit) => unitStep(unit, stage, observed, toolbox, options)),
      ...arranged.jobs.map((job) => freshOr(job, stage, backupStep(job, toolbox, between), toolbox)),
      ...arranged.engines.flatMap((service) => engineSteps(service, toolbox.journal)),
      ...shortfallSteps(arranged),
    ]
      .map((step) => placed(step, common, options.estimates))
      .toSorted(longestFirst);
    byStage.set(
      stage.name,
      steps.map(({ id }) => id),
    );
    if (steps.length > 0) before = byStage.get(stage.name) ?? [];
    staged.push(...steps);
  }
  return {
    kind: GATE,
    host: config.host,
    staged: true,
    warnings: [...unasked(observed), ...stages.flatMap(remarks)],
    limits: {
      ...repositoryLimits([...repositories.values()]),
      ...Object.fromEntries(stages.map(({ stage, concurrency }) => [stageLane(stage), concurrency])),
    },
    steps: [
      ...preflight,
      ...(jobs.length > 0 ? [toolStep(toolbox)] : []),
      ...engineToolSteps(stages.flatMap(({ engines }) => engines)),
      ...sourceSteps(jobs),
      ...staged,
    ],
    judge: (steps, interruptedBy) => gateVerdict(steps, gate.criticalAbove, interruptedBy),
  };
}

const WEIGHTS: Readonly<Record<GateStage['onFailure'], Weight>> = {
  warn: 'advisory',
  count: 'counted',
  critical: 'critical',
};
const stageLane = ({ name }: GateStage): string => `stage/${name}`;

interface Place extends Required<Pick<Step, 'stage' | 'after' | 'weight'>> {
  readonly ready: readonly string[];
  readonly lane: string;
}

/** A step in its stage. */
function placed(step: Step, { ready, lane, ...place }: Place, estimates: Estimates): Step {
  const expected = estimates.get(step.id);
  return {
    ...step,
    ...place,
    needs: [...ready, ...(step.needs ?? [])],
    lanes: [lane, ...(step.lanes ?? [])],
    ...(expected === undefined ? {} : { expected }),
  };
}

/** What may take longest begins first, so that nothing long is left for the end; of what nothing is known may be longest of all. */
const longestFirst = (a: Step, b: Step): number => (b.expected ?? Infinity) - (a.expected ?? Infinity) || 0;

const unitStep = (
  unit: string,
  stage: GateStage,
  { manager, at, trouble }: Observed,
  { journal }: Toolbox,
  { stopOnInterrupt }: GateOptions,
): Step => ({
  id: stepId.unit(unit),
  title: unit,
  weight: 'counted',
  run: (context) =>
    manager
      ? runUnit({ unit, stage, manager, journal, since: at, stopOnInterrupt }, context)
      : Promise.reject(trouble ?? new Error('systemd was not asked')),
});

/** The job's own step, unless it has a proof that is young enough. */
function freshOr(job: Job, stage: GateStage, step: Step, { journal }: Toolbox): Step {
  const { freshWithin, timeout } = stage;
  const [service, repository] = [job.service.name, job.repository.name];
  const run = async (context: StepContext): Promise<StepResult> => {
    const [proof] = journal.evidence({ service, repository, kind: 'backup', complete: true, limit: 1 });
    const age = proof && elapsed(proof.at, context.now());
    if (freshWithin === null || age === undefined || age < 0 || age > freshWithin) return await step.run(context);
    const result = { service, repository, skipped: 'fresh', snapshotId: proof?.snapshotId ?? null };
    return { outcome: 'skipped', reason: `succeeded ${describeDuration(age)} ago`, result };
  };
  const own = step.timeout ?? timeout;
  return { ...step, run, ...(timeout === null || own === null || own <= timeout ? {} : { timeout }) };
}

/** Each that should be there and is not is a failure like one that failed; too many are one. */
function shortfallSteps({ stage, short, units, jobs, engines }: ArrangedStage): Step[] {
  const count = units.length + jobs.length + engines.length;
  const wanted = stage.expect === null ? `at least ${stage.atLeast}` : String(stage.expect);
  return Array.from({ length: short < 0 ? 1 : short }, (_, index) => ({
    id: stepId.missing(stage.name, index + 1),
    title: short < 0 ? `${stage.name}: too many` : `${stage.name}: missing ${index + 1} of ${short}`,
    weight: 'counted' as const,
    run: () =>
      Promise.reject(
        new HoldfastError({
          code: 'source-missing',
          operation: 'find the units and jobs of',
          subject: stage.name,
          message: `found ${count}, expected ${wanted}`,
          hint: 'See which there are: holdfast gate --dry-run. If that is right, correct the number in the stage.',
          retry: 'later',
        }),
      ),
  }));
}

/** A gate that was made of what is there must not be silent about what could not be seen. A host without systemd has no units. */
const unasked = ({ derived, trouble }: Observed): string[] =>
  derived && trouble && trouble.code !== 'unsupported'
    ? [`systemd could not be asked for units, only jobs of Holdfast are run: ${trouble.message}`]
    : [];

function remarks({ stage, units, jobs, engines, leftOut, short }: ArrangedStage): string[] {
  const nothing =
    units.length + jobs.length + engines.length + Math.abs(short) > 0
      ? []
      : [`stage ${stage.name}: nothing on this host matches ${[...stage.units, ...stage.jobs].join(', ')}`];
  const unable = leftOut.filter(({ why }) => why === MASKED);
  return [...nothing, ...unable.map(({ name, why }) => `stage ${stage.name}: ${name} is left out: ${why}`)];
}

/** Declared under `replication.zfs.targets`; those on this machine are not asked. */
function replicationTargets({ replication }: Configuration): Step[] {
  return replication.targets.flatMap(({ name, destination }) => {
    const host = remoteHostOf(destination);
    return host ? [targetStep(name, host)] : [];
  });
}
