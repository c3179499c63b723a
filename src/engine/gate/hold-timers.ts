// Timers that must not start a backup while something risky is done: which they are, stopping them, and starting exactly those
// again. Recorded before the first is stopped, so that a crash or a reboot ends with the timers as they were.

import { duration } from '../../domain/duration.ts';
import type { EffectKind } from '../../domain/effect.ts';
import type { Instant } from '../../domain/instant.ts';
import type { StepContext } from '../../domain/plan.ts';
import type { Manager } from '../../tools/systemd/manager.ts';
import { openManager } from '../../tools/systemd/open-manager.ts';
import { holdPayload, holdRecord, LASTING_HOLD_KIND } from './hold-record.ts';

/** As long as the step that holds them. */
export const HELD_TIMERS: EffectKind = { kind: 'held-timers', independent: true, undo: startAgain };

/** Until `holdfast gate release`. */
export const LASTING_HOLD: EffectKind = { kind: LASTING_HOLD_KIND, independent: true, lasting: true, undo: startAgain };

/** Those that are active now and start one of these units, or one of Holdfast's own. Sorted. */
export async function activeTimers(manager: Manager, units: readonly string[]): Promise<string[]> {
  const facts = await Promise.all(units.map((unit) => manager.facts(unit)));
  const own = (await manager.find(['holdfast-*.timer'])).map(({ name }) => name);
  const timers = new Set([...facts.flatMap(({ triggeredBy }) => triggeredBy).filter(isTimer), ...own.filter(isNoRelease)]);
  const states = await Promise.all([...timers].map((timer) => manager.facts(timer)));
  return states
    .filter(({ active }) => active === 'active')
    .map(({ name }) => name)
    .toSorted();
}

const isTimer = (name: string): boolean => name.endsWith('.timer');

/** The timer that ends the hold must not be held. */
export const RELEASE_UNIT = 'holdfast-gate-release';
const isNoRelease = (name: string): boolean => name !== `${RELEASE_UNIT}.timer`;

const PATIENCE = duration(10, 's');

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

async function startAgain(payload: Parameters<EffectKind['undo']>[0], signal: AbortSignal): Promise<void> {
  const { timers } = holdRecord(payload);
  if (timers.length === 0) return;
  await using manager = await openManager(signal);
  for (const timer of timers) {
    const { load, active } = await manager.facts(timer); // oxlint-disable-line no-await-in-loop -- in order
    if (load !== 'loaded' || active === 'active') continue; // it is gone, or somebody (a boot) has started it
    await manager.start(timer); // oxlint-disable-line no-await-in-loop
  }
}
