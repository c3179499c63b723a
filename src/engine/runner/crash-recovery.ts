// Cleans up after a Holdfast that died: undoes exactly what its journal says it made, and ends its runs as interrupted.
// It is the ordinary start of every command that runs a plan.

import { setTimeout as delay } from 'node:timers/promises';
import { describeDuration, duration } from '../../domain/duration.ts';
import { elapsed } from '../../domain/instant.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Journal } from '../../journal/journal.ts';
import { mayBeAlive } from '../../process/identity.ts';
import type { LockBroker } from '../../repositories/broker.ts';
import { lastWords } from './dead-runs.ts';
import { type EffectKinds, StepEffects } from './effects.ts';

/**
 * What a Holdfast was starting in the very moment in which it died bears no name yet by which anybody could wait for its end: a restic
 * that makes the directory anew that is cleaned up.
 */
const BEING_STARTED = duration(200, 'ms');

/**
 * Returns one sentence for each thing that was cleaned up or could not be (that stays recorded and is tried again at the
 * next start). Two processes that start together do it once.
 */
export async function recoverFromCrash(options: {
  journal: Journal;
  broker: LockBroker;
  clock: Clock;
  kinds: EffectKinds;
  signal: AbortSignal;
}): Promise<string[]> {
  const { journal, broker, clock } = options;
  const dead = (): ReturnType<Journal['unfinishedRuns']> =>
    journal.unfinishedRuns().filter((run) => !mayBeAlive(run.process));
  if (dead().length === 0) return [];
  await using _lock = await broker.acquire([{ name: 'crash-recovery', mode: 'exclusive' }], options.signal);
  if (dead().some(({ effects }) => effects.length > 0)) await delay(BEING_STARTED, undefined, { signal: options.signal });
  const notes: string[] = [];
  for (const run of dead()) {
    const age = describeDuration(elapsed(run.startedAt, clock.now()));
    const steps = new Map<string, StepEffects>();
    for (const effect of run.effects) {
      options.signal.throwIfAborted(); // the rest stays recorded
      const { stepId } = effect;
      const effects = steps.get(stepId) ?? new StepEffects({ ...options, runId: run.id, stepId });
      steps.set(stepId, effects);
      try {
        const undone = await effects.undo(effect); // oxlint-disable-line no-await-in-loop -- in reverse order of making
        notes.push(
          undone
            ? `cleaned up after run ${run.id}, which died (started ${age} ago): ${effect.kind}`
            : `left as it is until then: ${effect.kind} of run ${run.id}`,
        );
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const next = options.kinds.get(effect.kind)?.once ? '' : '; it will be tried again';
        notes.push(`could not clean up after run ${run.id}: ${effect.kind}: ${reason}${next}`);
      }
    }
    journal.abandonRun(run.id, lastWords(run), clock.now());
  }
  return notes;
}
