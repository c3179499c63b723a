// One unit of a gate: whether it has to run at all, running it to its end, and what that means for its step.

import type { GateStage } from '../../config/configuration.ts';
import { describeDuration, type Duration, duration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import type { SkipCause } from '../../domain/gate-verdict.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import type { Journal } from '../../journal/journal.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { limitTime } from '../../lib/time-limit.ts';
import { timedOut } from '../../process/process-errors.ts';
import { lastLines } from '../../tools/systemd/journalctl.ts';
import { isWorking, type Manager, type UnitFacts, type UnitRun } from '../../tools/systemd/manager.ts';

export interface UnitTask {
  readonly unit: string;
  readonly stage: GateStage;
  readonly manager: Manager;
  readonly journal: Pick<Journal, 'latestStep'>;
  /** When the gate began: what started later is as good as started by it. */
  readonly since: Instant;
  /** Stop the unit when the gate is interrupted; otherwise it goes on. */
  readonly stopOnInterrupt: boolean;
}

/** How long a unit may take to stop before everything of it is killed: systemd's own standard. */
const STOP_PATIENCE = duration(90, 's');
const LAST_LINES = 10;

export async function runUnit(task: UnitTask, context: StepContext): Promise<StepResult> {
  const { unit, stage, manager } = task;
  const facts = await manager.facts(unit);
  const proof = freshSuccess(task, facts, context.now());
  if (proof !== null) {
    const age = describeDuration(elapsed(proof, context.now()));
    return skipped(unit, 'fresh', `succeeded ${age} ago`, { at: proof });
  }
  if (isWorking(facts)) {
    if (stage.whenRunning === 'fail') throw alreadyRunning(unit);
    if (stage.whenRunning === 'skip') {
      context.warn('it is running already: neither started nor waited for');
      return skipped(unit, 'running', 'already running');
    }
    context.waiting('it is running already: waiting for its end');
    const joined = await watched(task, context, (signal) => manager.settled(unit, signal), facts.startedAt ?? context.now());
    if (joined && countsFor(task, joined, context.now())) return await resultOf(unit, joined, { joined: true });
  }
  return await resultOf(unit, await watched(task, context, (signal) => manager.run(unit, signal)), {});
}

/**
 * Limited from its own start. When its time is up a unit is stopped, and when the gate is interrupted where that is asked for;
 * never one that somebody else began (`since`). The first cause is what is told, also when stopping fails.
 */
async function watched<Value>(
  task: UnitTask,
  context: StepContext,
  work: (signal: AbortSignal) => Promise<Value>,
  since: Instant | null = null,
): Promise<Value> {
  const { unit, manager, stage } = task;
  const most = stage.timeout ?? UNIT_TIMEOUT;
  const rest = Math.max(0, most - elapsed(since ?? context.now(), context.now()));
  using limit = limitTime(duration(rest, 'ms'), () => timedOut('run', unit, most));
  const signal = AbortSignal.any([context.signal, limit.signal]);
  try {
    return await work(signal);
  } catch (thrown) {
    const reason: unknown = signal.aborted ? signal.reason : null;
    if (!(reason instanceof HoldfastError)) throw thrown;
    const isTooLong = reason.code === 'timed-out';
    const isInterrupted = reason.code === 'interrupted';
    if (isInterrupted) context.warn('the gate was interrupted');
    const isToStop = since === null && (isTooLong || (isInterrupted && task.stopOnInterrupt));
    const invocationId = await invocationOf(manager, unit);
    const end = isToStop ? await stopped(manager, unit) : 'it goes on';
    if (isTooLong) throw await tooLong(unit, `${reason.message}; ${end}`, invocationId);
    context.warn(end);
    throw reason;
  }
}

async function stopped(manager: Manager, unit: string): Promise<string> {
  try {
    await manager.stop(unit, STOP_PATIENCE);
    return 'it was stopped';
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return `it could not be stopped: ${error.message}`;
  }
}

/** Only to find its last words: null where systemd does not say. */
async function invocationOf(manager: Manager, unit: string): Promise<string | null> {
  try {
    return (await manager.facts(unit)).invocationId;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return null;
  }
}

/** When the success began that makes another run unnecessary; null when there is none that is young enough. */
function freshSuccess({ unit, stage, journal }: UnitTask, facts: UnitFacts, now: Instant): Instant | null {
  if (stage.freshWithin === null) return null;
  const isFresh = (at: Instant): boolean => at <= now && elapsed(at, now) <= (stage.freshWithin ?? 0);
  if (isWorking(facts)) return null;
  if (facts.startedAt !== null) {
    // systemd remembers a run of it, whoever started that: nothing older matters
    const isProven = facts.result === 'success' && facts.exited && facts.active !== 'failed';
    return isProven && isFresh(facts.startedAt) ? facts.startedAt : null;
  }
  const recorded = journal.latestStep(stepId.unit(unit), 'done');
  const startedAt = recorded?.outcome === 'succeeded' ? recorded.startedAt : null;
  return startedAt !== null && isFresh(startedAt) ? startedAt : null;
}

/** A run that somebody else started is taken when it began after the gate did, or is fresh. */
const countsFor = ({ since, stage }: UnitTask, { startedAt }: UnitRun, now: Instant): boolean =>
  startedAt !== null && (startedAt >= since || (stage.freshWithin !== null && elapsed(startedAt, now) <= stage.freshWithin));

async function resultOf(unit: string, run: UnitRun, extra: JsonObject): Promise<StepResult> {
  const result: JsonObject = { unit, result: run.result, invocationId: run.invocationId, restarts: run.restarts, ...extra };
  if (run.end === 'succeeded') return { outcome: 'succeeded', result };
  if (run.end === 'condition') return skipped(unit, 'condition', `did not run: ${run.detail}`);
  throw await failure(unit, run, run.end);
}

const skipped = (unit: string, cause: SkipCause, reason: string, extra: JsonObject = {}): StepResult => ({
  outcome: 'skipped',
  reason,
  result: { unit, skipped: cause, ...extra },
});

const CODES = { failed: 'tool-failed', 'timed-out': 'timed-out', stopped: 'interrupted' } as const;

async function failure(unit: string, run: UnitRun, end: keyof typeof CODES): Promise<HoldfastError> {
  const { result, detail, exitStatus, invocationId } = run;
  return unitError(unit, {
    code: CODES[end],
    message: end === 'stopped' ? `stopped by somebody else: ${detail}` : `${result}: ${detail}`,
    exitStatus,
    invocationId,
  });
}

const tooLong = (unit: string, message: string, invocationId: string | null): Promise<HoldfastError> =>
  unitError(unit, { code: 'timed-out', message, exitStatus: null, invocationId });

async function unitError(
  unit: string,
  what: Pick<HoldfastError, 'code' | 'message'> & Pick<UnitRun, 'exitStatus' | 'invocationId'>,
): Promise<HoldfastError> {
  const { code, message, exitStatus, invocationId } = what;
  const stderrTail = invocationId === null ? [] : await lastLines({ unit, invocationId }, LAST_LINES);
  return new HoldfastError({
    code,
    operation: 'run',
    subject: unit,
    message,
    hint: `See what it said: journalctl -e -u ${unit}`,
    retry: 'later',
    tool: { name: unit, exitCode: exitStatus, stderrTail },
  });
}

const alreadyRunning = (unit: string): HoldfastError =>
  new HoldfastError({
    code: 'busy',
    operation: 'run',
    subject: unit,
    message: 'already running',
    hint: `Wait for its end (systemctl status ${unit}), or let the stage join it: whenRunning: join.`,
    retry: 'later',
  });

/** Where a stage says nothing. */
const UNIT_TIMEOUT: Duration = duration(1, 'h');
