// The service back on its old directory. What was written since stays in the dataset, which is kept and not mounted.

import type { Instant } from '../../domain/instant.ts';
import type { StepContext } from '../../domain/plan.ts';
import { forgetFailure, isRunning, stopUnit, unitState } from '../../tools/systemd/systemctl.ts';
import { type Written, writtenSince } from '../../tools/util-linux/written-since.ts';
import { holdStopped, STOPPED_UNIT } from '../restore/unit-effect.ts';
import { keptOf } from './places.ts';
import { type DatasetSwap, goBack } from './swap-dataset.ts';

export interface PutBack extends DatasetSwap {
  /** When the dataset became live. */
  readonly since: Instant;
  /** Whether the unit is to run then, although it may not now: it did before. */
  readonly start: boolean;
}

export interface Back {
  /** The mountpoint that the dataset has now; it is not mounted. */
  readonly keptAt: string;
  readonly written: Written;
}

/** Throws whatever kept it from being put back; the service then runs on the dataset as before, unless the error is that of starting it. */
export async function putBack({ start, since, ...swap }: PutBack, context: StepContext): Promise<Back> {
  const { dataset, path, unit } = swap;
  const { signal } = context;
  const keptAt = keptOf(path, context.runId);
  context.progress({ message: `putting the old directory of ${dataset} back` });
  await using _unit = start && unit !== null ? await holdForStart(context, unit) : await holdStopped(context, unit);
  const written = await writtenSince(path, since, signal);
  await goBack(context, swap, keptAt);
  return { keptAt, written };
}

/** Whether the unit runs now: what is stopped is started again only then. */
export async function runsNow(unit: string | null, signal: AbortSignal): Promise<boolean> {
  const state = unit === null ? null : await unitState(unit, signal);
  return state !== null && isRunning(state);
}

/** Started when that is disposed, also one that has failed meanwhile. */
const holdForStart = (context: StepContext, unit: string): Promise<AsyncDisposable> =>
  context.hold(STOPPED_UNIT.kind, { unit }, async () => {
    await stopUnit(unit, context.signal);
    const state = await unitState(unit, context.signal);
    if (state?.active === 'failed') await forgetFailure(unit, context.signal);
  });
