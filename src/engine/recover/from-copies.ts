// Putting the data of a service back from the first repository that can give it back: one that breaks off, or whose copy is not
// good, is passed over for the next. What is there is not touched before a copy is whole.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import { inPlaceStep, type PlanningWorld } from '../restore/plan-restore.ts';
import { sharedLock, type Observed } from '../snapshots/observe-snapshots.ts';
import type { Toolbox } from '../toolbox.ts';
import { hiddenFrom } from '../validators/hidden-from.ts';
import type { Repositories } from './ask-copies.ts';

export interface Recovering {
  readonly service: ServiceConfig;
  readonly config: Configuration;
  readonly toolbox: Toolbox;
  readonly world: PlanningWorld;
  readonly repositories: Repositories;
}

/** What is wrong with a repository or its copy, so that another one may do better. Everything else is wrong here. */
const NOT_FROM_THERE: ReadonlySet<ErrorCode> = new Set([
  'repository-unreachable',
  'repository-missing',
  'repository-damaged',
  'repository-locked',
  'wrong-password',
  'secret-unreadable',
  'snapshot-missing',
  'not-restored',
  'tool-failed',
  'tool-output',
  'timed-out',
  'busy',
]);

/** The restore in place of one copy, with the validators of the service. Throws what stands in the way of it. */
export const restoreOf = (
  { service, config, toolbox }: Recovering,
  chosen: Observed,
): Promise<{ step: Step; remarks: string[] }> =>
  inPlaceStep(
    {
      host: config.host,
      candidates: [],
      service,
      services: [...config.services.values()],
      repositories: [...config.repositories.values()],
    },
    { service: service.name, host: config.host, to: null, validation: { hidden: hiddenFrom(config) } },
    chosen,
    toolbox,
  );

/** Begins with `first`, whose lock is held. Throws its failure when no other repository can give it back either. */
export async function fromCopies(
  first: Step,
  chosen: Observed,
  scene: Recovering,
  context: StepContext,
): Promise<StepResult> {
  const passedOver = new Map<string, HoldfastError>();
  try {
    return await first.run(context);
  } catch (error) {
    passedOver.set(chosen.repository.name, anotherMayDo(error, context));
  }
  for (;;) {
    const { chosen: next } = await scene.repositories.copiesOf(scene.service, scene.config, new Set(passedOver.keys())); // oxlint-disable-line no-await-in-loop -- the next one only when this one cannot
    if (next === null) throw withOthers(passedOver);
    for (const [name, { message }] of passedOver)
      context.warn(`${name} could not give it back (${message}): ${next.repository.name} is used instead`);
    try {
      return await restoreFrom(next, scene, context); // oxlint-disable-line no-await-in-loop
    } catch (error) {
      passedOver.set(next.repository.name, anotherMayDo(error, context));
    }
  }
}

async function restoreFrom(chosen: Observed, scene: Recovering, context: StepContext): Promise<StepResult> {
  await using _lock = await sharedLock(chosen.repository, { ...scene.world, signal: context.signal });
  const { step, remarks } = await restoreOf(scene, chosen);
  for (const remark of remarks) context.warn(remark);
  return await step.run(context);
}

/** Throws it where no other repository can change anything. */
export function anotherMayDo(error: unknown, { signal }: StepContext): HoldfastError {
  signal.throwIfAborted();
  if (!(error instanceof HoldfastError) || !NOT_FROM_THERE.has(error.code)) throw error;
  return error;
}

function withOthers(passedOver: ReadonlyMap<string, HoldfastError>): HoldfastError {
  const [[, first] = [], ...others] = passedOver;
  if (first === undefined) throw new TypeError('nothing failed');
  if (others.length === 0) return first;
  const { code, operation, subject, hint, retry, tool } = first;
  const more = others.map(([name, { message }]) => `${name}: ${message}`).join('; ');
  return new HoldfastError({
    code,
    operation,
    subject,
    message: `${first.message} (and no other repository could give it back: ${more})`,
    hint,
    retry,
    tool,
    cause: first,
  });
}
