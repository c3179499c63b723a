// Timers that must not start a backup while something risky is done: which they are, stopping them, and starting exactly those
// again. Recorded before the first is stopped, so that a crash or a reboot ends with the timers as they were.

import { duration } from '../../domain/duration.ts';
import type { EffectKind } from '../../domain/effect.ts';
import type { Instant } from '../../domain/instant.ts';
import { mayBeHeld } from '../../domain/naming.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Manager } from '../../tools/systemd/manager.ts';
import { openManager } from '../../tools/systemd/open-manager.ts';
import { HELD_TIMERS_KIND, holdPayload, holdRecord, LASTING_HOLD_KIND } from './hold-record.ts';

/** As long as the step that holds them. */
export const HELD_TIMERS: EffectKind = { kind: HELD_TIMERS_KIND, independent: true, undo: startAgain };

/** Until `holdfast gate release`. */
export const LASTING_HOLD: EffectKind = { kind: LASTING_HOLD_KIND, independent: true, lasting: true, undo: startAgain };

/** Those that are active now and start one of these units, or one of Holdfast's own, but for those that only tell. Sorted. */
export async function activeTimers(manager: Pick<Manager, 'find' | 'facts'>, units: readonly string[]): Promise<string[]> {
  const facts = await Promise.all(units.map((unit) => manager.facts(unit)));
  const own = (await manager.find(['holdfast-*.timer'])).map(({ name }) => name);
  const timers = new Set([...facts.flatMap(({ triggeredBy }) => triggeredBy), ...own.filter(isNoRelease)].filter(mayBeHeld));
  const states = await Promise.all([...timers].map((timer) => manager.facts(timer)));
  return states
    .filter(({ active }) => active === 'active')
    .map(({ name }) => name)
    .toSorted();
}

/** What the timers that end a hold are called, each with the run that held. They must not be held themselves. */
export const RELEASE_UNIT = 'holdfast-gate-release-';
const isNoRelease = (name: string): boolean => !name.startsWith(RELEASE_UNIT);

/** A timer stops at once. */
export const PATIENCE = duration(10, 's');

/** Stops them; what is held, and until when, is in the record. */
export const holdTimers = (
  kind: EffectKind,
  manager: Manager,
  timers: readonly string[],
  until: Instant | null,
  context: Pick<StepContext, 'hold'>,
): Promise<AsyncDisposable> =>
  context.hold(kind.kind, holdPayload({ timers, until }), async () => {
    for (const timer of timers) await manager.stop(timer, PATIENCE); // oxlint-disable-line no-await-in-loop -- none is slow
  });

/** Every one of them is tried, whatever becomes of the others. */
async function startAgain(payload: Parameters<EffectKind['undo']>[0], signal: AbortSignal): Promise<void> {
  const { timers } = holdRecord(payload);
  if (timers.length === 0) return;
  await using manager = await openManager(signal);
  const ends = await Promise.allSettled(timers.map((timer) => startTimer(manager, timer)));
  const failed = ends.flatMap((end, index) =>
    end.status === 'rejected' ? [{ timer: timers[index], error: end.reason as unknown }] : [],
  );
  if (failed.length === 0) return;
  throw new HoldfastError({
    code: 'tool-failed',
    operation: 'start again',
    subject: 'the timers of backups',
    message: failed
      .map(({ timer, error }) => `${timer}: ${error instanceof Error ? error.message : String(error)}`)
      .join('; '),
    hint: 'See why with `systemctl status`, correct it, and try again: holdfast gate release',
    retry: 'later',
    cause: failed[0]?.error,
  });
}

async function startTimer(manager: Manager, timer: string): Promise<void> {
  const { load, active } = await manager.facts(timer);
  if (load === 'not-found' || active === 'active') return; // it is gone, or somebody (a boot) has started it
  await manager.start(timer);
}
