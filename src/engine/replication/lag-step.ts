// Measures at the end how far the replicas of a target are behind, from what both sides list, and puts it on record; also where the
// target does not answer: then what is known of the source alone.

import type { ReplicationTarget } from '../../config/configuration.ts';
import { describeDuration, type Duration } from '../../domain/duration.ts';
import { stepId } from '../../domain/naming.ts';
import type { Step, StepContext, StepResult } from '../../domain/plan.ts';
import { estimated, knownLags, lagEvidence, measured, type ReplicaLag } from '../../domain/replication-lag.ts';
import type { SourceSide } from '../../domain/replication.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Connections } from './connections.ts';
import { observeReplicas, observeSources } from './observe.ts';

export interface Measuring {
  readonly target: ReplicationTarget;
  /** Only these; empty: all. */
  readonly only: readonly string[];
  /** From where on it is behind too far. */
  readonly most: Duration;
  readonly connections: Connections;
  readonly journal: Pick<Journal, 'evidence'>;
}

export const lagStep = (measuring: Measuring, after: readonly string[]): Step => ({
  id: stepId.lag(measuring.target.name),
  title: `Measure how far ${measuring.target.name} is behind`,
  after,
  weight: 'counted',
  run: (context) => measure(measuring, context),
});

/** So many records reach back to one of all datasets, unless single ones were sent all the time. */
export const RECORDS = 100;

async function measure({ target, only, most, connections, journal }: Measuring, context: StepContext): Promise<StepResult> {
  const { signal } = context;
  const sources = await observeSources(target, only, signal);
  const all = only.length === 0;
  const record = (lags: readonly ReplicaLag[], answered: boolean): void =>
    context.record([lagEvidence({ target: target.name, answered, all, lags }, context.now())]);
  const lags = await look(target, sources, connections, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    record(fromMemory(target.name, sources, journal), false);
    throw error;
  });
  record(lags, true);
  return judged(lags, target.name, most);
}

/** Pure. */
export function judged(lags: readonly ReplicaLag[], target: string, most: Duration): StepResult {
  const behind = lags.filter(({ lag }) => lag === null || lag > most);
  const result = { target, datasets: lags.map(figures) };
  if (behind.length === 0) return { outcome: 'succeeded', result };
  const reason = behind.map((each) => words(each, most)).join('; ');
  if (behind.length < lags.length || behind.some(({ lag }) => lag !== null)) return { outcome: 'partial', reason, result };
  return { outcome: 'failed', error: nothingThere(target, reason), result };
}

/** Of no dataset there is anything that both sides have: that is no replica that is late. */
const nothingThere = (target: string, message: string): HoldfastError =>
  new HoldfastError({ code: 'failed', operation: 'measure', subject: target, message, retry: 'later' });

async function look(
  { destination }: ReplicationTarget,
  sources: readonly SourceSide[],
  connections: Connections,
  signal: AbortSignal,
): Promise<ReplicaLag[]> {
  const end = await connections.endOf(destination);
  const replicas = await observeReplicas(
    destination,
    sources.map(({ dataset }) => dataset),
    end,
    signal,
  );
  return sources.flatMap((source) => {
    const replica = replicas.get(source.dataset);
    return replica ? [measured(source, replica)] : [];
  });
}

function fromMemory(target: string, sources: readonly SourceSide[], journal: Pick<Journal, 'evidence'>): ReplicaLag[] {
  const past = journal.evidence({ kind: 'replication', service: '', limit: RECORDS });
  const known = knownLags(past).filter((each) => each.target === target);
  return sources.map((source) =>
    estimated(
      source,
      known.find(({ dataset }) => dataset === source.dataset),
    ),
  );
}

const figures = ({ dataset, lag }: ReplicaLag): { dataset: string; lagSeconds: number | null } => ({
  dataset,
  lagSeconds: lag === null ? null : lag / 1000,
});

function words({ dataset, lag, newestAt }: ReplicaLag, most: Duration): string {
  if (lag !== null) return `${dataset} is ${describeDuration(lag)} behind (at most ${describeDuration(most)})`;
  return newestAt === null
    ? `${dataset} has no snapshot, so that its replica has nothing`
    : `how far ${dataset} is behind is unknown: both sides have nothing in common`;
}
