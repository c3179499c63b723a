// Putting lost data back from the first source that can give it back, in the declared order: one that breaks off, or of which what came
// is not good, is passed over for the next. What is there is not touched before a copy is whole.

import type { Step, StepContext, StepResult } from '../../../domain/plan.ts';
import type { SeenPath } from '../../../domain/recovery.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import type { Json } from '../../../lib/json.ts';
import { openConnections } from '../../replication/connections.ts';
import { CopyError, ofCopy } from '../../restore/copy-error.ts';
import { fromCopies, type Recovering, restoreFrom } from '../from-copies.ts';
import { refusedTree } from '../refused-copies.ts';
import { askSources, type Asked } from './ask-sources.ts';
import { restoreTree } from './restore-tree.ts';
import type { Offer } from './source.ts';

/** `planned`: the restore of the copy that was found, whose lock is held; null where that is in no repository. Throws what each said where none can. */
export async function fromSources(
  planned: Step | null,
  first: Asked,
  paths: readonly SeenPath[],
  scene: Recovering,
  context: StepContext,
): Promise<StepResult> {
  await using connections = openConnections(context.signal);
  const asking = { ...scene, connections, signal: context.signal };
  const passed = saidBy(first);
  let attempt = attemptOf(first, planned, scene);
  while (attempt !== null) {
    const { source } = attempt;
    /* oxlint-disable no-await-in-loop -- the next one only when this one cannot */
    try {
      return withPassed(await attempt.run(context), passed);
    } catch (error) {
      const failure = copyFailure(error, context);
      passed.push({ source, reason: failure.message, mayPass: failure.retry !== 'never', error: failure });
    }
    const asked = await askSources(scene.service, paths, asking, new Set(passed.map((each) => each.source)));
    attempt = attemptOf(asked, null, scene);
    if (attempt !== null) context.warn(`${wordsOf(passed)}: ${attempt.source} is used instead`);
    passed.push(...saidBy(asked));
    /* oxlint-enable no-await-in-loop */
  }
  throw noneLeft(scene.service.name, passed);
}

interface Attempt {
  readonly source: string;
  run(context: StepContext): Promise<StepResult>;
}

/** Null where none has it. */
function attemptOf({ offer, chosen, useless }: Asked, planned: Step | null, scene: Recovering): Attempt | null {
  if (offer) return { source: offer.name, run: (context) => fromOffer(offer, scene, context) };
  if (!chosen) return null;
  const first = planned ?? { run: (context: StepContext) => restoreFrom(chosen, scene, context) };
  return { source: 'repository', run: (context) => fromCopies(first, { chosen, useless }, scene, context) };
}

async function fromOffer(offer: Offer, scene: Recovering, context: StepContext): Promise<StepResult> {
  for (const remark of offer.remarks) context.warn(remark);
  await using tree = await ofCopy('get', () => offer.open(context));
  try {
    return await restoreTree(tree, offer, scene, context);
  } catch (error) {
    // that it is not good stands, whatever comes of it
    if (error instanceof CopyError && error.stage === 'validate')
      context.record([refusedTree(scene.service.name, tree.name, error, context.now())]);
    throw error;
  }
}

/** Throws it where no other source can change anything. */
function copyFailure(error: unknown, { signal }: StepContext): CopyError {
  signal.throwIfAborted();
  if (!(error instanceof CopyError)) throw error;
  return error;
}

interface Passed {
  readonly source: string;
  readonly reason: string;
  /** Trying it again may help without a person. */
  readonly mayPass: boolean;
  /** It was tried. */
  readonly error: HoldfastError | null;
}

const saidBy = ({ others, useless, chosen }: Asked): Passed[] => [
  ...others
    .filter(({ said }) => said !== 'found')
    .map(({ name, reason, mayPass }): Passed => ({ source: name, reason, mayPass, error: null })),
  ...(useless.length === 0 || chosen ? [] : [ofRepositories(useless)]),
];

const ofRepositories = (useless: Asked['useless']): Passed => ({
  source: 'repository',
  reason: useless.map(({ repository, reason }) => `${repository} ${reason}`).join('; '),
  mayPass: useless.some(({ mayPass }) => mayPass),
  error: null,
});

const wordsOf = (passed: readonly Passed[]): string =>
  passed.map(({ source, reason }) => `${source} could not give it back (${reason})`).join('; ');

/** Why it is not from a better source is known for as long as that it was recovered; of repositories among themselves, see there. */
function withPassed(done: StepResult, passed: readonly Passed[]): StepResult {
  if (passed.length === 0) return done;
  const among = done.result?.['passedOver'];
  const passedOver = [
    ...passed.map(({ source, reason }) => ({ source, reason })),
    ...(Array.isArray(among) ? (among as Json[]) : []),
  ];
  return {
    ...done,
    result: { ...done.result, passedOver },
    evidence: (done.evidence ?? []).map((each) => ({ ...each, detail: { ...each.detail, passedOver } })),
  };
}

/** The first that was tried says what it was; a failure of one alone is told as it is. */
function noneLeft(service: string, passed: readonly Passed[]): HoldfastError {
  const [first] = passed.flatMap(({ error }) => error ?? []);
  if (first !== undefined && passed.length === 1) return first;
  return new HoldfastError({
    code: first?.code ?? 'snapshot-missing',
    operation: 'recover',
    subject: service,
    message: wordsOf(passed),
    hint: first?.hint ?? `See what there is: holdfast snapshots ${service}`,
    retry: passed.some(({ mayPass }) => mayPass) ? 'later' : 'never',
    tool: first?.tool,
    cause: first,
  });
}
