// holdfast gate hold and release, as plans of one step each.

import { type Duration, duration } from '../../domain/duration.ts';
import { formatInstant, later } from '../../domain/instant.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import type { Manager } from '../../tools/systemd/manager.ts';
import { openManager } from '../../tools/systemd/open-manager.ts';
import { startLater } from '../../tools/systemd/systemd-run.ts';
import type { Toolbox } from '../toolbox.ts';
import { holdRecord } from './hold-record.ts';
import { activeTimers, holdTimers, LASTING_HOLD, RELEASE_UNIT } from './hold-timers.ts';

export interface HoldRequest {
  /** Their timers are held. */
  readonly units: readonly string[];
  readonly length: Duration;
  /** How systemd ends the hold when nobody does: the command line of `gate release`. */
  readonly release: readonly [string, ...string[]];
}

/** Stops the timers, and has systemd release them when the time is over. What is held already stays so, for as long as this. */
export const planHold = (host: string, request: HoldRequest, toolbox: Toolbox): Plan =>
  single('gate-hold', host, {
    id: 'hold:timers',
    title: 'Hold the timers of backups',
    weight: 'critical',
    run: (context) => hold(request, toolbox, context),
  });

/** Starts exactly the timers again that are held. Without a hold it is `skipped`. */
export const planRelease = (host: string, toolbox: Toolbox): Plan =>
  single('gate-release', host, {
    id: 'release:timers',
    title: 'Start the timers of backups again',
    weight: 'critical',
    run: (context) => release(toolbox, context),
  });

const STOP_PATIENCE = duration(10, 's');

const single = (kind: string, host: string, step: Step): Plan => ({ kind, host, limits: {}, steps: [step] });

async function hold(request: HoldRequest, { journal }: Toolbox, context: StepContext): Promise<StepResult> {
  await using manager = await openManager(context.signal);
  const before = journal.keptEffects(LASTING_HOLD.kind);
  const held = before.flatMap(({ payload }) => holdRecord(payload).timers);
  const timers = [...new Set([...held, ...(await activeTimers(manager, request.units))])].toSorted();
  const until = later(context.now(), request.length);
  if (timers.length === 0) return { outcome: 'skipped', reason: 'no timer of a backup is active on this host' };
  // First of all its end is sure to come: a hold that nobody releases is a silence.
  await endOfTime(manager);
  await startLater(
    { unit: RELEASE_UNIT, after: request.length, argv: request.release, description: 'Release the timers of backups' },
    context.signal,
  );
  await using _lasting = await holdTimers(LASTING_HOLD, manager, timers, until, context);
  for (const { id } of before) journal.settleEffect(id, context.now());
  return { outcome: 'succeeded', result: { timers, until: formatInstant(until) } };
}

async function release({ journal }: Toolbox, context: StepContext): Promise<StepResult> {
  const kept = journal.keptEffects(LASTING_HOLD.kind);
  if (kept.length === 0) return { outcome: 'skipped', reason: 'no timer is held' };
  for (const effect of kept) {
    await LASTING_HOLD.undo(effect.payload, context.signal); // oxlint-disable-line no-await-in-loop -- seldom two
    journal.settleEffect(effect.id, context.now());
  }
  await using manager = await openManager(context.signal);
  await endOfTime(manager);
  return {
    outcome: 'succeeded',
    result: { timers: [...new Set(kept.flatMap(({ payload }) => holdRecord(payload).timers))] },
  };
}

/** The release that was to come is not needed any more. Its service may be this very process: only its timer is stopped. */
const endOfTime = (manager: Manager): Promise<void> => manager.stop(`${RELEASE_UNIT}.timer`, STOP_PATIENCE);
