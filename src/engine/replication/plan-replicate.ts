// The plan of `holdfast replicate`: a step for each dataset of which something is left to send, the one above first, and for each
// target one that measures. A target that does not answer keeps no other from being sent to.

import type { Configuration, ReplicationTarget } from '../../config/configuration.ts';
import type { Bytes } from '../../domain/bytes.ts';
import { heldHint, type HeldService, heldWords } from '../../domain/empty-start.ts';
import { EXIT } from '../../domain/exit-code.ts';
import { replicationLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { isWithin } from '../../domain/replication-names.ts';
import type { StepReport } from '../../domain/report.ts';
import { type Verdict, verdictOf } from '../../domain/verdict.ts';
import { decideReplication, leftAfter, type ReplicationDecision } from '../../domain/replication.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { StopSignal } from '../../lib/interruption.ts';
import { Semaphore } from '../../lib/semaphore.ts';
import { Pace } from '../../process/meter.ts';
import { sizeOf } from '../../tools/zfs/stream.ts';
import { heldError } from '../recover/empty-starts.ts';
import { heldDatasets, heldWithin } from '../recover/held-datasets.ts';
import type { Toolbox } from '../toolbox.ts';
import type { Connections } from './connections.ts';
import { isKept } from './keep-base.ts';
import { lagStep } from './lag-step.ts';
import { observeReplicas, observeSources, type Pair } from './observe.ts';
import { foreseenOf, replicateStep, streamOf } from './replicate-step.ts';

export interface ReplicateWish {
  /** Only these datasets, and those beneath them; empty: all. */
  readonly datasets: readonly string[];
  /** Only these targets; empty: all. */
  readonly targets: readonly string[];
  readonly startOver: boolean;
  /** Ask how much each would be. */
  readonly sizes: boolean;
}

/** Throws `usage` for what is not declared. */
export function selectTargets(
  { replication: { targets } }: Pick<Configuration, 'replication'>,
  wish: Pick<ReplicateWish, 'datasets' | 'targets' | 'startOver'>,
): ReplicationTarget[] {
  const usage = (subject: string, message: string, hint: string): HoldfastError =>
    new HoldfastError({ code: 'usage', operation: 'replicate', subject, message, hint });
  const names = targets.map(({ name }) => name).join(', ');
  if (targets.length === 0) throw usage('targets', 'no target is declared', 'Write one: replication.zfs.targets');
  const unknown = wish.targets.find((name) => !targets.some((each) => each.name === name));
  if (unknown !== undefined) throw usage(unknown, 'there is no such target', `Declared: ${names}`);
  const stray = wish.datasets.find((name) => !targets.some(({ datasets }) => isWithin(name, datasets)));
  if (stray !== undefined)
    throw usage(
      stray,
      'it is sent to no target',
      `Sent are: ${[...new Set(targets.flatMap((each) => each.datasets))].join(', ')}`,
    );
  if (wish.startOver && wish.datasets.length === 0)
    throw usage('--start-over', 'it needs the datasets that are meant', 'holdfast replicate DATASET --start-over');
  return targets.filter(
    ({ name, datasets }) =>
      (wish.targets.length === 0 || wish.targets.includes(name)) &&
      (wish.datasets.length === 0 || wish.datasets.some((each) => isWithin(each, datasets))),
  );
}

type Replicating = Pick<Configuration, 'host' | 'replication' | 'metrics' | 'datasets' | 'services'>;

/** Looks at both sides of each target; what does not answer is told by the step that measures. */
export async function planReplicate(
  configuration: Replicating,
  wish: ReplicateWish,
  { toolbox, connections, signal }: { toolbox: Toolbox; connections: Connections; signal: AbortSignal },
): Promise<Plan> {
  const targets = selectTargets(configuration, wish);
  const scene = { configuration, wish, toolbox, connections, signal };
  const parts = await Promise.all(targets.map(async (target) => await partOf(target, scene)));
  return {
    kind: 'replicate',
    host: configuration.host,
    limits: Object.fromEntries(targets.map(({ name, concurrency }) => [replicationLock(name), concurrency])),
    steps: parts.flatMap(({ steps }) => steps),
    warnings: parts.flatMap(({ warnings }) => warnings),
    judge: judgeSending,
  };
}

/** Measuring how far a target is behind is no success beside the failure of all that was to be sent. Pure. */
export function judgeSending(steps: readonly StepReport[], interruptedBy: StopSignal | null): Verdict {
  const sending = steps.filter(({ id }) => id.startsWith('replicate:'));
  const sent = verdictOf(sending, interruptedBy);
  return sending.length > 0 && sent.exitCode !== EXIT.ok && sent.exitCode !== EXIT.partial
    ? sent
    : verdictOf(steps, interruptedBy);
}

interface Scene {
  readonly configuration: Replicating;
  readonly wish: ReplicateWish;
  readonly toolbox: Toolbox;
  readonly connections: Connections;
  readonly signal: AbortSignal;
}

async function partOf(target: ReplicationTarget, scene: Scene): Promise<{ steps: Step[]; warnings: string[] }> {
  const { configuration, wish, toolbox, connections, signal } = scene;
  const { metrics } = configuration;
  const measuring = {
    target,
    only: wish.datasets,
    most: target.maxLag ?? metrics.replicationLag.warning,
    connections,
    journal: toolbox.journal,
  };
  try {
    const pairs = await observe(target, scene);
    const held = await heldDatasets(configuration, toolbox.journal, signal);
    const [free, kept] = partition(pairs, ({ source }) => heldWithin(source.dataset, held) === null);
    const sends = await Promise.all(free.map(async (pair) => await sendOf(pair, target, scene)));
    const steps = inOrder(
      sends.flatMap((each) => each ?? []),
      target,
      scene,
    );
    return {
      steps: [
        ...steps,
        ...kept.flatMap(({ source: { dataset } }) => heldStep(dataset, target, heldWithin(dataset, held))),
        lagStep(
          measuring,
          steps.map(({ id }) => id),
        ),
      ],
      warnings: [],
    };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    const step = lagStep(measuring, []);
    const message = `${error.message}${error.hint === undefined ? '' : `. ${error.hint}`}`;
    return {
      steps: [
        { ...step, doomed: true, foreseen: { target: target.name, message: error.message, hint: error.hint ?? null } },
      ],
      warnings: [`nothing can be sent to ${target.name}: ${message}`],
    };
  }
}

function partition<Item>(items: readonly Item[], wanted: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(wanted), items.filter((item) => !wanted(item))];
}

/** Its service runs on nothing: that is not sent to where its data still is. */
const heldStep = (dataset: string, target: ReplicationTarget, held: HeldService | null): Step[] =>
  held === null
    ? []
    : [
        {
          id: stepId.replicate(dataset, target.name),
          title: `Replicate ${dataset} to ${target.name}`,
          service: held.service,
          weight: 'counted',
          doomed: true,
          foreseen: { dataset, target: target.name, message: heldWords(held), hint: heldHint(held) },
          run: () => Promise.reject(heldError(held, 'replicate', dataset)),
        },
      ];

async function observe(target: ReplicationTarget, { wish, connections, signal }: Scene): Promise<Pair[]> {
  const far = async (): Promise<Awaited<ReturnType<Connections['endOf']>>> => await connections.endOf(target.destination);
  const [sources, end] = await Promise.all([observeSources(target, wish.datasets, signal), far()]);
  const names = sources.map(({ dataset }) => dataset);
  const replicas = await observeReplicas(target.destination, names, end, signal);
  return sources.flatMap(({ type, ...source }) => {
    const replica = replicas.get(source.dataset);
    return replica ? [{ type, source, target: replica }] : [];
  });
}

interface Send {
  readonly pair: Pair;
  readonly decision: ReplicationDecision;
  readonly size: Bytes | null;
}

/** Null: nothing is left to do. */
async function sendOf(pair: Pair, target: ReplicationTarget, { wish, signal }: Scene): Promise<Send | null> {
  const decision = decideReplication(pair.source, pair.target, target);
  if (decision.kind === 'nothing') return null; // told where it is measured
  if (decision.kind === 'current' && isKept(pair.source, decision.base, target.name)) return null;
  return { pair, decision, size: wish.sizes ? await sizeOrUnknown(decision, pair, signal) : null };
}

/** Why it cannot be told is told by sending it. */
async function sizeOrUnknown(decision: ReplicationDecision, pair: Pair, signal: AbortSignal): Promise<Bytes | null> {
  try {
    return await askSize(decision, pair, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HoldfastError) return null;
    throw error;
  }
}

/** So many questions at once. */
const ASKING = new Semaphore(4);

async function askSize(decision: ReplicationDecision, { source }: Pair, signal: AbortSignal): Promise<Bytes | null> {
  if (!('to' in decision)) return null;
  using _turn = await ASKING.acquire(signal);
  const first = await sizeOf(streamOf(decision, source), source.dataset, signal);
  if (decision.kind === 'resume') return first;
  const last = leftAfter(source, decision.to).at(-1);
  if (first === null || last === undefined) return first;
  const rest = { kind: 'incremental', base: { point: decision.to, snapshot: decision.to }, to: last, all: true } as const;
  const more = await sizeOf(streamOf({ ...rest, raw: decision.raw }, source), source.dataset, signal);
  return more === null ? null : ((first + more) as Bytes); // a sum of them
}

/** A first replica needs the one above it. */
function inOrder(
  sends: readonly Send[],
  target: ReplicationTarget,
  { configuration, wish, toolbox, connections }: Scene,
): Step[] {
  const pace = target.limit === null ? null : new Pace(target.limit);
  const planned = new Set(sends.map(({ pair }) => pair.source.dataset));
  return sends.map(({ pair, decision, size }) => {
    const { dataset } = pair.source;
    const above = dataset.slice(0, dataset.lastIndexOf('/'));
    const waits = planned.has(above) && (!pair.target.exists || wish.startOver);
    return replicateStep(
      {
        host: configuration.host,
        target,
        dataset,
        connections,
        heldBy: async (signal) => heldWithin(dataset, await heldDatasets(configuration, toolbox.journal, signal)),
        startOver: wish.startOver,
        pace,
        adopt: configuration.replication.snapshots.adopt,
      },
      pair.target.dataset,
      foreseenOf(decision, pair, { target, startOver: wish.startOver }, size),
      waits ? [stepId.replicate(above, target.name)] : [],
    );
  });
}
