// How long a gate will take, from how long its steps took before: Holdfast's own record first, else systemd's of the last run.

import { type Duration, duration } from '../../domain/duration.ts';
import { elapsed } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import type { Journal } from '../../journal/journal.ts';
import { openJournalReadOnly } from '../../journal/open-read-only.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Manager } from '../../tools/systemd/manager.ts';
import type { ArrangedStage } from './arrange.ts';
import type { Observed } from './observe.ts';

/** By step id; steps of which nothing is known are not in it. */
export type Estimates = ReadonlyMap<string, Duration>;

export async function estimate(
  stages: readonly ArrangedStage[],
  stateDir: string,
  { manager, found }: Pick<Observed, 'manager' | 'found'>,
): Promise<Estimates> {
  using past = readablePast(stateDir);
  const journal: Past = past ?? { latestStep: () => null };
  const loaded = new Set(found.filter(({ load }) => load === 'loaded').map(({ name }) => name));
  const known = new Map<string, Duration>();
  const note = (id: string, took: Duration | null): void => {
    if (took !== null) known.set(id, took);
  };
  for (const { service, repository } of stages.flatMap(({ jobs }) => jobs)) {
    const id = stepId.backup(service.name, repository.name);
    note(id, recorded(journal, id));
  }
  const units = stages.flatMap((stage) => stage.units);
  await Promise.all(
    units.map(async (unit) => {
      const id = stepId.unit(unit);
      note(id, recorded(journal, id) ?? (manager && loaded.has(unit) ? await remembered(manager, unit) : null));
    }),
  );
  return known;
}

type Past = Pick<Journal, 'latestStep'>;

/** A journal that cannot be read is no reason not to begin; whoever writes to it will tell. */
function readablePast(stateDir: string): Journal | null {
  try {
    return openJournalReadOnly(stateDir);
  } catch (error) {
    if (error instanceof HoldfastError) return null;
    throw error;
  }
}

function recorded(journal: Past, id: string): Duration | null {
  const last = journal.latestStep(id, 'done');
  if (last?.outcome !== 'succeeded' || last.startedAt === null || last.endedAt === null) return null;
  return elapsed(last.startedAt, last.endedAt);
}

/** Null also where systemd does not say: nobody waits for an estimate. */
async function remembered(manager: Manager, unit: string): Promise<Duration | null> {
  try {
    const { startedAt, endedAt, result } = await manager.facts(unit);
    const isWhole = startedAt !== null && endedAt !== null && endedAt >= startedAt && result === 'success';
    return isWhole ? elapsed(startedAt, endedAt) : null;
  } catch (error) {
    if (error instanceof HoldfastError) return null;
    throw error;
  }
}

/** When the last of them ends, if each starts as soon as there is room, in this order. Zero for none. */
export function makespan(durations: readonly Duration[], concurrency: number): Duration {
  const lanes: number[] = Array.from({ length: Math.max(1, Math.min(concurrency, durations.length)) }, () => 0);
  for (const each of durations) {
    const first = lanes.indexOf(Math.min(...lanes));
    lanes[first] = (lanes[first] ?? 0) + each;
  }
  return duration(Math.max(0, ...lanes), 'ms');
}
