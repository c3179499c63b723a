// Putting the data of a service back from the first repository that can give it back: one that breaks off, or whose copy is not
// good, is passed over for the next. What is there is not touched before a copy is whole.

import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import type { SilentRepository } from '../../domain/recovery.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import { CopyError, ofCopy } from '../restore/copy-error.ts';
import { inPlaceStep, type PlanningWorld } from '../restore/plan-restore.ts';
import { sharedLock, type Observed } from '../snapshots/observe-snapshots.ts';
import type { Toolbox } from '../toolbox.ts';
import { hiddenFrom } from '../validators/hidden-from.ts';
import type { Repositories } from './ask-copies.ts';
import { refusedCopy } from './refused-copies.ts';

export interface Recovering {
  readonly service: ServiceConfig;
  readonly config: Configuration;
  readonly toolbox: Toolbox;
  readonly world: PlanningWorld;
  readonly repositories: Repositories;
  /** See `Question` in ask-copies.ts. */
  readonly insist: boolean;
}

/** What is wrong with a repository or its copy, so that another one may do better. A full disk, for one, is not. */
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
      config,
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

/**
 * Begins with `first`, whose lock is held. `useless`: those asked before it. Throws why each repository could not give it back when
 * none could, and whatever fails after a copy was there as what it is.
 */
export async function fromCopies(
  first: Pick<Step, 'run'>,
  { chosen, useless }: { readonly chosen: Observed; readonly useless: readonly SilentRepository[] },
  scene: Recovering,
  context: StepContext,
): Promise<StepResult> {
  const failed = new Map<string, HoldfastError>();
  let next: {
    readonly from: Observed;
    readonly passed: readonly SilentRepository[];
    readonly work: () => Promise<StepResult>;
  } = {
    from: chosen,
    passed: useless,
    work: () => first.run(context),
  };
  for (;;) {
    /* oxlint-disable no-await-in-loop -- the next one only when this one cannot */
    try {
      return withReasons(await next.work(), next.passed);
    } catch (error) {
      failed.set(next.from.repository.name, copyFailure(error, next.from, scene, context));
    }
    const { service, config, insist } = scene;
    const answer = await scene.repositories.copiesOf(service, config, { passedOver: new Set(failed.keys()), insist });
    const from = answer.chosen;
    const passed = [...[...failed].map(asReason), ...answer.useless];
    if (from === null) throw nobodyCould(failed, answer.useless);
    for (const { repository, reason } of passed)
      context.warn(`${repository} ${reason}: ${from.repository.name} is used instead`);
    next = { from, passed, work: () => restoreFrom(from, scene, context) };
    /* oxlint-enable no-await-in-loop */
  }
}

const asReason = ([repository, { message, retry }]: readonly [string, HoldfastError]): SilentRepository => ({
  repository,
  reason: `could not give it back (${message})`,
  mayPass: retry !== 'never',
});

/** Another one's being passed over is part of what is proven of this one. */
function withReasons(done: StepResult, passed: readonly SilentRepository[]): StepResult {
  if (passed.length === 0) return done;
  const passedOver = passed.map(({ repository, reason }) => ({ repository, reason }));
  return {
    ...done,
    result: { ...done.result, passedOver },
    evidence: (done.evidence ?? []).map((each) => ({ ...each, detail: { ...each.detail, passedOver } })),
  };
}

export async function restoreFrom(chosen: Observed, scene: Recovering, context: StepContext): Promise<StepResult> {
  await using _lock = await ofCopy('get', () => sharedLock(chosen.repository, { ...scene.world, signal: context.signal }));
  const { step, remarks } = await restoreOf(scene, chosen);
  for (const remark of remarks) context.warn(remark);
  return await step.run(context);
}

/** Throws it where no other repository can change anything. That a copy is not good stands, whatever comes of it. */
function copyFailure(error: unknown, chosen: Observed, { service }: Recovering, context: StepContext): HoldfastError {
  context.signal.throwIfAborted();
  if (!(error instanceof CopyError)) throw error;
  if (error.stage === 'validate') context.record([refusedCopy(service.name, chosen, error, context.now())]);
  return anotherMayDo(error, context);
}

/** By its code alone: for what does not tell its stages. Throws it where no other repository can change anything. */
export function anotherMayDo(error: unknown, { signal }: StepContext): HoldfastError {
  signal.throwIfAborted();
  if (!(error instanceof HoldfastError) || !NOT_FROM_THERE.has(error.code)) throw error;
  return error;
}

/** Trying again may help where it may help with one of them. */
function nobodyCould(failed: ReadonlyMap<string, HoldfastError>, useless: readonly SilentRepository[]): HoldfastError {
  const [[, first] = [], ...others] = failed;
  if (first === undefined) throw new TypeError('nothing failed');
  const more = [
    ...others.map(([name, { message }]) => `${name}: ${message}`),
    ...useless.map(({ repository, reason }) => `${repository} ${reason}`),
  ];
  const mayPass = [...failed.values()].some(({ retry }) => retry !== 'never') || useless.some((each) => each.mayPass);
  const { code, operation, subject, hint, tool } = first;
  const also = more.length === 0 ? '' : ` (and no other repository could give it back: ${more.join('; ')})`;
  const message = `${first.message}${also}`;
  const retry = mayPass ? 'later' : 'never';
  return new CopyError('get', new HoldfastError({ code, operation, subject, message, hint, retry, tool, cause: first }));
}
