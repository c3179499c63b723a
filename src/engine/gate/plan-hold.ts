// holdfast gate hold and release, as plans of one step each.

import type { Duration } from '../../domain/duration.ts';
import { formatInstant, later } from '../../domain/instant.ts';
import type { Lock, Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import type { Manager } from '../../tools/systemd/manager.ts';
import { openManager } from '../../tools/systemd/open-manager.ts';
import { startLater } from '../../tools/systemd/systemd-run.ts';
import type { Toolbox } from '../toolbox.ts';
import { holdRecord } from './hold-record.ts';
import { activeTimers, holdTimers, LASTING_HOLD, PATIENCE, RELEASE_UNIT } from './hold-timers.ts';

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
    locks: [TIMERS],
    weight: 'critical',
    run: (context) => hold(request, toolbox, context),
  });

/** Starts exactly the timers again that are held. Without a hold it is `skipped`. */
export const planRelease = (host: string, toolbox: Toolbox): Plan =>
  single('gate-release', host, {
    id: 'release:timers',
    title: 'Start the timers of backups again',
    locks: [TIMERS],
    weight: 'critical',
    run: (context) => release(toolbox, context),
  });

/** One of them at a time. */
const TIMERS: Lock = { name: 'timers', mode: 'exclusive' };

const single = (kind: string, host: string, step: Step): Plan => ({ kind, host, limits: {}, steps: [step] });

/**
 * An earlier hold stays as it is recorded, and only its end is moved: what this one records is what it stops itself. The new end
 * is sure to come before anything is stopped, and before the old one is taken back: a hold that nobody releases is a silence.
 */
async function hold(
  { units, length, release: argv }: HoldRequest,
  toolbox: Toolbox,
  context: StepContext,
): Promise<StepResult> {
  await using manager = await openManager(context.signal);
  const before = toolbox.journal.keptEffects(LASTING_HOLD.kind).flatMap(({ payload }) => holdRecord(payload).timers);
  const timers = await activeTimers(manager, units);
  if (timers.length + before.length === 0)
    return { outcome: 'skipped', reason: 'no timer of a backup is active on this host' };
  const unit = `${RELEASE_UNIT}${context.runId.toLowerCase()}`;
  await startLater({ unit, after: length, argv, description: 'Release the timers of backups' }, context.signal);
  const until = later(context.now(), length);
  await using _lasting = await holdTimers(LASTING_HOLD, manager, timers, until, context);
  await stopReleases(manager, `${unit}.timer`);
  return { outcome: 'succeeded', result: { timers: union(before, timers), until: formatInstant(until) } };
}

async function release({ journal }: Toolbox, context: StepContext): Promise<StepResult> {
  const kept = journal.keptEffects(LASTING_HOLD.kind);
  if (kept.length === 0) return { outcome: 'skipped', reason: 'no timer is held' };
  for (const effect of kept) {
    await LASTING_HOLD.undo(effect.payload, context.signal); // oxlint-disable-line no-await-in-loop -- seldom two
    journal.settleEffect(effect.id, context.now());
  }
  await using manager = await openManager(context.signal);
  await stopReleases(manager);
  return { outcome: 'succeeded', result: { timers: union(...kept.map(({ payload }) => holdRecord(payload).timers)) } };
}

const union = (...lists: readonly (readonly string[])[]): string[] => [...new Set(lists.flat())].toSorted();

/** Releases that are not to come any more. Their service may be this very process: only timers are stopped. */
async function stopReleases(manager: Manager, but?: string): Promise<void> {
  const found = await manager.find([`${RELEASE_UNIT}*.timer`]);
  await Promise.all(found.filter(({ name }) => name !== but).map(({ name }) => manager.stop(name, PATIENCE)));
}
