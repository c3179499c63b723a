// One unit of a gate: whether it has to run at all, running it to its end, and what that means for its step.

import type { GateStage } from '../../config/configuration.ts';
import { describeDuration, type Duration, duration } from '../../domain/duration.ts';
import { elapsed, type Instant, parseInstant } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import type { SkipCause } from '../../domain/gate-verdict.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import type { Journal } from '../../journal/journal.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
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
    const joined = await watched(task, context, () => manager.settled(unit, context.signal));
    if (joined && countsFor(task, joined, context.now())) return await resultOf(unit, joined, { joined: true });
  }
  return await resultOf(unit, await watched(task, context, () => manager.run(unit, context.signal)), {});
}

/** Cancelled by its time limit the unit is stopped; by an interruption only where that is asked for. */
async function watched<Value>(task: UnitTask, context: StepContext, work: () => Promise<Value>): Promise<Value> {
  const { unit, manager } = task;
  try {
    return await work();
  } catch (thrown) {
    const reason: unknown = context.signal.aborted ? context.signal.reason : null;
    if (!(reason instanceof HoldfastError)) throw thrown;
    if (reason.code === 'interrupted' && !task.stopOnInterrupt) {
      context.warn('the gate was interrupted; the unit goes on');
      throw reason;
    }
    const { invocationId } = await manager.facts(unit);
    await manager.stop(unit, STOP_PATIENCE);
    if (reason.code === 'timed-out') throw await tooLong(unit, reason, invocationId);
    context.warn('the gate was interrupted; the unit was stopped');
    throw reason;
  }
}

/** When the success began that makes another run unnecessary; null when there is none that is young enough. */
function freshSuccess({ unit, stage, journal }: UnitTask, facts: UnitFacts, now: Instant): Instant | null {
  if (stage.freshWithin === null) return null;
  const isFresh = (at: Instant): boolean => at <= now && elapsed(at, now) <= (stage.freshWithin ?? 0);
  if (isWorking(facts)) return null;
  if (facts.startedAt !== null) {
    // systemd remembers a run of it, whoever started that: nothing older matters
    return facts.result === 'success' && facts.active !== 'failed' && isFresh(facts.startedAt) ? facts.startedAt : null;
  }
  const recorded = journal.latestStep(stepId.unit(unit));
  const startedAt = recorded?.outcome === 'succeeded' ? parseInstant(recorded.startedAt ?? '') : null;
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

const tooLong = (unit: string, { message }: HoldfastError, invocationId: string | null): Promise<HoldfastError> =>
  unitError(unit, { code: 'timed-out', message: `${message}, and was stopped`, exitStatus: null, invocationId });

async function unitError(
  unit: string,
  what: Pick<HoldfastError, 'code' | 'message'> & Pick<UnitRun, 'exitStatus' | 'invocationId'>,
): Promise<HoldfastError> {
  const { code, message, exitStatus, invocationId } = what;
  const stderrTail = invocationId === null ? [] : await lastLines(invocationId, LAST_LINES);
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

/** Where a stage and the gate say nothing. */
export const UNIT_TIMEOUT: Duration = duration(1, 'h');
