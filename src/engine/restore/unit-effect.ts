// A unit that is stopped while its data is replaced, and started again whatever happens, also after a crash in between.

import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { hasJob, isRunning, startUnit, stopUnit, unitState } from '../../tools/systemd/systemctl.ts';

export const STOPPED_UNIT: EffectKind = {
  kind: 'stopped-unit',
  independent: true,
  async undo(payload, signal) {
    const { unit } = payload;
    if (typeof unit !== 'string') return;
    if (await hasJob(unit, signal)) return; // at a boot it may be waiting for whoever is cleaning up here
    await startUnit(unit, signal);
  },
};

export interface StoppedUnit extends AsyncDisposable {
  /** It ran, and disposing starts it again. */
  readonly stopped: boolean;
}

/**
 * Stops the unit if it runs; disposing starts it again. One that does not run stays so. Where systemd does not run, or does
 * not know the unit, a warning says that whoever uses the data has not been stopped.
 */
export async function holdStopped(context: StepContext, unit: string | null): Promise<StoppedUnit> {
  const nothing = { stopped: false, [Symbol.asyncDispose]: () => Promise.resolve() };
  if (unit === null) return nothing;
  const state = await unitState(unit, context.signal);
  if (state === null) {
    context.warn(`${unit} was not stopped: systemd does not run here`);
    return nothing;
  }
  if (state.load === 'not-found') {
    context.warn(`${unit} was not stopped: systemd does not know it`);
    return nothing;
  }
  if (!isRunning(state)) return nothing;
  const held = await context.hold(STOPPED_UNIT.kind, { unit }, () => stopUnit(unit, context.signal));
  return { stopped: true, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}
