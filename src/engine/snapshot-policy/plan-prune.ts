// The plan of `holdfast snapshot prune`: a step for each pool, which destroys what the policy lets go of, and has succeeded when a listing
// no longer shows it. What is needed by somebody stays, and is told.

import { poolOf } from '../../domain/dataset.ts';
import { duration } from '../../domain/duration.ts';
import { type HeldService, heldWords } from '../../domain/empty-start.ts';
import { snapshotsLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import { decidePrune, type PruneEntry } from '../../domain/snapshot-prune.ts';
import { fullName } from '../../domain/zfs-snapshot.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { destroyAll } from './destroy-all.ts';
import { missingStep, silentStep } from './plan-take.ts';
import { CLONES, type ManagedDataset, type SnapshotScene } from './scene.ts';

export const PRUNE = 'snapshot-prune';

export interface PruneDecision {
  readonly dataset: string;
  readonly entries: readonly PruneEntry[];
}

/** Asked in the moment before something goes: a service may have been started on nothing since it was decided. */
export type HeldNow = (signal: AbortSignal) => Promise<(dataset: string) => HeldService | null>;

/** Of every dataset that is pruned; nothing goes from one that is held. Pure. */
export function decisionsOf(scene: SnapshotScene, isHeld: (dataset: string) => boolean): PruneDecision[] {
  const { adopt, now } = scene;
  return [...scene.pools.values()].flat().flatMap(({ dataset, policy, snapshots, bases }: ManagedDataset) => {
    if (!policy.autoprune || isHeld(dataset)) return [];
    const isCloned = ({ properties }: (typeof snapshots)[number]): boolean => (properties[CLONES] ?? '') !== '';
    return [{ dataset, entries: decidePrune(policy, snapshots, { adopt, now, bases, isCloned }) }];
  });
}

export function planPrune(
  host: string,
  scene: SnapshotScene,
  decisions: readonly PruneDecision[],
  { warnings, heldBy }: { readonly warnings: readonly string[]; readonly heldBy: HeldNow },
): Plan {
  const byPool = Map.groupBy(decisions, ({ dataset }) => poolOf(dataset));
  return {
    kind: PRUNE,
    host,
    limits: {},
    warnings,
    steps: [
      ...[...byPool].map(([pool, mine]) => pruneStep(pool, mine, heldBy)),
      ...[...scene.silent].map(([pool, error]) => silentStep(stepId.pruneSnapshots(pool), pool, error)),
      ...scene.missing.map((dataset) => missingStep(stepId.pruneSnapshots(dataset), dataset)),
    ],
  };
}

function pruneStep(pool: string, decisions: readonly PruneDecision[], heldBy: HeldNow): Step {
  const going = decisions.flatMap(({ entries }) => entries.filter(({ stays }) => stays === null));
  const kept = decisions.flatMap(({ entries }) => entries).length - going.length;
  const needed = decisions.flatMap(({ entries }) => entries.filter(isNeeded)).map(told);
  return {
    id: stepId.pruneSnapshots(pool),
    title: `Prune snapshots in ${pool}${going.length === 0 ? ': none may go' : ''}`,
    weight: 'counted',
    locks: [{ name: snapshotsLock(pool), mode: 'exclusive' }],
    timeout: duration(60, 'm'),
    foreseen: { pool, destroy: going.map(told), kept, needed },
    run: async (context) => prune(pool, await stillFree(decisions, heldBy, context), { kept, needed }, context),
  };
}

async function stillFree(
  decisions: readonly PruneDecision[],
  heldBy: HeldNow,
  context: StepContext,
): Promise<readonly PruneDecision[]> {
  const holder = await heldBy(context.signal);
  return decisions.filter(({ dataset }) => {
    const held = holder(dataset);
    if (held !== null) context.warn(`${dataset} is not pruned: ${heldWords(held)}`);
    return held === null;
  });
}

/** The policy would let it go, and somebody needs it. */
export const isNeeded = ({ stays }: PruneEntry): boolean => stays !== null && stays !== 'counted' && stays !== 'young';

interface Told {
  readonly snapshot: string;
  readonly reason: string;
}
const told = ({ snapshot, reason }: PruneEntry): Told & Record<string, string> => ({ snapshot: fullName(snapshot), reason });

async function prune(
  pool: string,
  decisions: readonly PruneDecision[],
  { kept, needed }: { readonly kept: number; readonly needed: readonly Told[] },
  context: StepContext,
): Promise<StepResult> {
  const wanted = decisions.flatMap(({ entries }) =>
    entries.flatMap(({ stays, snapshot }) => (stays === null ? snapshot : [])),
  );
  const { left, stuck } = await destroyAll(pool, wanted, context);
  const all = wanted.map(fullName);
  const destroyed = all.filter((name) => !left.has(name));
  const stayed = all.filter((name) => left.has(name));
  const inUse = stayed.filter((name) => IN_USE.test(stuck.get(name)?.message ?? ''));
  for (const name of inUse) context.warn(`${name} stays: ${stuck.get(name)?.message ?? ''}`);
  const broken = stayed.filter((name) => !inUse.includes(name));
  const result = { pool, destroyed, kept, needed: [...needed].map((each) => ({ ...each })), stayed };
  if (broken.length === 0) return { outcome: 'succeeded', result };
  return { outcome: 'failed', result, error: notDestroyed(pool, broken, all.length, stuck) };
}

/** Since it was listed somebody came to need it. */
const IN_USE = /being held|has dependent clones|is busy/;

function notDestroyed(
  pool: string,
  broken: readonly string[],
  wanted: number,
  stuck: ReadonlyMap<string, HoldfastError>,
): HoldfastError {
  const [first = ''] = broken;
  const cause = stuck.get(first);
  const others = broken.length > 1 ? ` (and ${broken.length - 1} more)` : '';
  return new HoldfastError({
    code: 'failed',
    operation: 'prune snapshots in',
    subject: pool,
    message: `${broken.length} of ${wanted} snapshots are still there: ${first}${others}${cause ? `: ${cause.message}` : ', although zfs reported no failure'}`,
    hint: cause?.hint ?? `Try it by hand: zfs destroy ${first}`,
    retry: 'later',
    ...(cause?.tool ? { tool: cause.tool } : {}),
  });
}
