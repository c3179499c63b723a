// The plans of `holdfast migrate`. What stands in the way is found before anything runs, and looked at once more by the step itself, under
// its locks. Backing up and drilling come first, and must succeed: they are the way back that does not depend on this machine.

import type { Configuration } from '../../config/configuration.ts';
import type { Obstacle } from '../../domain/dataset-decision.ts';
import { cleanUpObstacles, migrationObstacles, type MigrationSeen, rollbackObstacles } from '../../domain/migration.ts';
import { repositoryLock, serviceLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { planRun, repositoryLimits } from '../backup/plan-run.ts';
import { describeChange } from '../datasets/describe.ts';
import { planDrill } from '../drill/plan-drill.ts';
import type { PlanningWorld } from '../restore/plan-restore.ts';
import { selectService } from '../select.ts';
import type { Toolbox } from '../toolbox.ts';
import { moveOver } from './move-over.ts';
import { type Mover, observeMigration } from './observe-migration.ts';
import { asideOf } from './places.ts';
import { cleanUp, rollBack } from './roll-back.ts';

export interface MigrateWish {
  readonly service: string;
  /** Only into and from this one. */
  readonly repository?: string | undefined;
  /** False: nothing is backed up and drilled before. */
  readonly backup: boolean;
}

const KIND = 'migrate';

/** Throws `usage` for an unknown service, `refused` with what stands in the way. */
export function moverOf(config: Configuration, name: string): Mover {
  const service = selectService(config, name);
  const declared = config.datasets.find((each) => each.service === name);
  if (declared) return { service, declared: { ...declared, service: name } };
  throw refusal(name, [
    {
      property: null,
      message: `no dataset is declared for ${name}: there is nowhere to move it`,
      hint: `Write services.${name}.dataset, at least {}; see it with: holdfast datasets plan ${name}`,
    },
  ]);
}

export async function planMigrate(
  config: Configuration,
  wish: MigrateWish,
  toolbox: Toolbox,
  world: PlanningWorld,
): Promise<Plan> {
  const mover = moverOf(config, wish.service);
  const { service, declared } = mover;
  const seen = await observeMigration(mover, config, world.signal, { measure: true });
  assertFree(service.name, migrationObstacles(declared, seen, service.unit));
  if (service.backup === null && wish.backup)
    throw refusal(service.name, [
      {
        property: null,
        message: `nothing of ${service.name} is backed up: the old directory would be the only way back`,
        hint: `Declare services.${service.name}.backup; or say that this is meant: --no-backup`,
      },
    ]);
  const before = wish.backup ? proofs(config, mover, wish, toolbox, world) : [];
  return {
    kind: KIND,
    host: config.host,
    limits: repositoryLimits([...config.repositories.values()]),
    warnings: wish.backup ? [] : ['nothing is backed up and drilled before: the old directory is the only way back'],
    steps: [
      ...before,
      {
        ...commonParts(service.name, `Move ${service.name} to ${declared.name}`),
        needs: before.filter(({ stage }) => stage !== 'preflight').map(({ id }) => id),
        foreseen: {
          service: service.name,
          dataset: declared.name,
          path: declared.mountpoint,
          actions: actionsOf(mover, seen),
        },
        run: async (context) => {
          const now = await observeMigration(mover, config, context.signal, { measure: false });
          assertFree(service.name, migrationObstacles(declared, now, service.unit));
          const { unit, migrate } = service;
          if (!now.decision)
            throw new HoldfastError({
              code: 'bug',
              operation: 'migrate',
              subject: service.name,
              message: 'nothing was decided',
            });
          const place = { service: service.name, dataset: declared.name, path: declared.mountpoint };
          return await moveOver({ ...place, unit, decision: now.decision, migrate }, context);
        },
      },
    ],
  };
}

/** Throws `refused` where there is no way back (any more). */
export const planRollback = (config: Configuration, name: string, signal: AbortSignal): Promise<Plan> =>
  planEnd(config, name, signal, {
    title: `Put ${name} back on its old directory`,
    obstacles: rollbackObstacles,
    actions: ({ service, declared }, seen) => [
      ...(service.unit === null ? [] : [`stop ${service.unit}`]),
      `take ${declared.name} away from ${declared.mountpoint}, and keep it, not mounted, with all that was written since`,
      `rename ${seen.mark?.from ?? ''} to ${declared.mountpoint}`,
      ...(service.unit === null ? [] : [`start ${service.unit}, and see that it is well`]),
    ],
    perform: rollBack,
  });

/** Throws `refused` before the time is over. */
export const planCleanUp = (
  config: Configuration,
  name: string,
  { now, signal }: Pick<PlanningWorld, 'now' | 'signal'>,
): Promise<Plan> =>
  planEnd(config, name, signal, {
    title: `Remove the old directory of ${name}`,
    obstacles: (declared, seen) =>
      cleanUpObstacles(declared, seen, { now, keepOld: selectService(config, name).migrate.keepOld }),
    actions: (_, seen) => [`remove ${seen.mark?.from ?? ''}: there is no way back to it then`],
    perform: cleanUp,
  });

interface Ending {
  readonly title: string;
  readonly obstacles: typeof rollbackObstacles;
  readonly actions: (mover: Mover, seen: MigrationSeen) => string[];
  readonly perform: typeof rollBack;
}

async function planEnd(config: Configuration, name: string, signal: AbortSignal, ending: Ending): Promise<Plan> {
  const mover = moverOf(config, name);
  const { service, declared } = mover;
  const look = async (of: AbortSignal): Promise<MigrationSeen> => {
    const seen = await observeMigration(mover, config, of, { measure: false });
    assertFree(name, ending.obstacles(declared, seen));
    return seen;
  };
  const seen = await look(signal);
  const step: Step = {
    ...commonParts(name, ending.title),
    foreseen: { service: name, dataset: declared.name, path: declared.mountpoint, actions: ending.actions(mover, seen) },
    run: async (context) => {
      const { mark } = await look(context.signal);
      if (!mark) throw new HoldfastError({ code: 'bug', operation: 'migrate', subject: name, message: 'it has no mark' });
      return await ending.perform({ service, declared, mark }, context);
    },
  };
  return { kind: KIND, host: config.host, limits: {}, steps: [step] };
}

const commonParts = (service: string, title: string): Omit<Step, 'run' | 'foreseen'> => ({
  id: stepId.migrate(service),
  title,
  service,
  weight: 'critical',
  locks: [
    { name: 'datasets', mode: 'exclusive' },
    { name: serviceLock(service), mode: 'exclusive' },
  ],
});

function actionsOf({ service, declared }: Mover, { decision }: MigrationSeen): string[] {
  const { unit, migrate } = service;
  const { name, mountpoint } = declared;
  const changes = (decision?.changes ?? []).map((change) => describeChange(change, { mountpoint }));
  return [
    unit === null ? 'see that nobody has a file open' : `stop ${unit}`,
    ...changes.map((words, index) => (index === 0 ? `${words}; under a temporary mountpoint first` : words)),
    `copy ${mountpoint} with all attributes, and compare every byte and attribute`,
    `rename ${mountpoint} to ${asideOf(mountpoint, 'RUN')}, mount ${name} in its place`,
    ...(unit === null
      ? []
      : [
          `start ${unit}, and see that it is well${migrate.healthUrl === null ? '' : ` (${migrate.healthUrl})`}; otherwise put all of it back`,
        ]),
  ];
}

/** A backup into each repository, and a drill of what that made. Less than success is not enough. */
function proofs(
  config: Configuration,
  { service, declared }: Mover,
  { repository }: MigrateWish,
  toolbox: Toolbox,
  world: PlanningWorld,
): Step[] {
  const today = withDirectory(config, service.name, declared.name);
  const steps = planRun(today, { services: [service.name], repository }, toolbox).steps;
  return steps
    .filter(({ id, stage }) => stage === 'preflight' || id.startsWith('backup:'))
    .flatMap((step): Step[] => {
      const { repository: into } = step;
      if (step.stage === 'preflight') return [step];
      const backup: Step = { ...step, run: (context) => wholly(step.run(context), service.name, 'the backup before it') };
      if (into === undefined) return [backup];
      return [backup, drillStep(today, service.name, into, step.id, toolbox, world)];
    });
}

/** Which snapshot it is about is known only when the backup has made it. */
function drillStep(
  config: Configuration,
  service: string,
  repository: string,
  backup: string,
  toolbox: Toolbox,
  world: PlanningWorld,
): Step {
  const id = stepId.drill(service, repository);
  return {
    id,
    title: `Drill ${service} from ${repository}`,
    service,
    repository,
    needs: [backup],
    lanes: ['drill'],
    locks: [{ name: repositoryLock(repository), mode: 'shared' }],
    weight: 'counted',
    async run(context: StepContext) {
      const selection = { services: [service], repository, pick: 'newest', due: false, keep: false } as const;
      const { sampleFiles } = config.verification.drills;
      const now = { ...world, now: context.now(), signal: context.signal };
      const plan = await planDrill(config, { ...selection, sampleFiles }, toolbox, now);
      const step = plan.steps.find((each) => each.id === id);
      if (!step)
        throw new HoldfastError({ code: 'bug', operation: 'drill', subject: service, message: 'no step was planned' });
      return await wholly(step.run(context), service, 'the drill before it');
    },
  };
}

async function wholly(work: Promise<StepResult>, service: string, what: string): Promise<StepResult> {
  const result = await work;
  if (result.outcome === 'succeeded' || result.outcome === 'failed') return result;
  const message = `${what} was ${result.outcome}${result.reason ? `: ${result.reason}` : ''}`;
  const error = new HoldfastError({
    code: 'refused',
    operation: 'migrate',
    subject: service,
    message,
    hint: 'Nothing was moved. See to that first, or say that it is not needed: --no-backup',
  });
  return { ...result, outcome: 'failed', reason: message, error };
}

/** Its files are in a directory still: what is declared of the dataset holds from the migration on. */
function withDirectory(config: Configuration, name: string, dataset: string): Configuration {
  const services = new Map(config.services);
  const service = services.get(name);
  if (!service?.backup || service.backup.zfsDataset !== dataset) return config;
  services.set(name, { ...service, backup: { ...service.backup, zfsDataset: null, useSnapshots: false } });
  return { ...config, services };
}

function assertFree(service: string, obstacles: readonly Obstacle[]): void {
  if (obstacles.length > 0) throw refusal(service, obstacles);
}

const refusal = (service: string, obstacles: readonly Obstacle[]): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'migrate',
    subject: service,
    message: obstacles.map(({ message }) => message).join('; '),
    hint: obstacles.map(({ hint }) => hint).join(' '),
    retry: 'later',
  });
