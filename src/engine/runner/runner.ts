// Executes every plan: needs, lanes, locks, time limits, cancellation, effects, journal, report. It never polls and knows
// nothing of what a step does. One file, because what holds between these is one state machine.

import { describeDuration, type Duration, duration } from '../../domain/duration.ts';
import { elapsed, formatInstant, type Instant } from '../../domain/instant.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { type Lock, type Plan, planDefects, type Progress, type Step, type StepResult } from '../../domain/plan.ts';
import { buildReport, plannedStep, type Report, type StepReport } from '../../domain/report.ts';
import { verdictOf } from '../../domain/verdict.ts';
import { firstCause } from '../../lib/abort.ts';
import type { Clock } from '../../lib/clock.ts';
import { asHoldfastError, errorReport, HoldfastError } from '../../lib/errors.ts';
import { stopSignalOf } from '../../lib/interruption.ts';
import { Semaphore } from '../../lib/semaphore.ts';
import { limitTime } from '../../lib/time-limit.ts';
import type { Journal } from '../../journal/journal.ts';
import { mayBeAlive, selfIdentity } from '../../process/identity.ts';
import { timedOut } from '../../process/process-errors.ts';
import type { HeldLocks, LockBroker } from '../../repositories/broker.ts';
import { recoverFromCrash } from './crash-recovery.ts';
import { type EffectKinds, StepEffects } from './effects.ts';
import { GivenUp, unlessDeaf } from './give-up.ts';
import { assertUnused, nextRunId } from './run-id.ts';

export type RunnerEvent =
  | { readonly type: 'run-started'; readonly runId: string; readonly plan: Plan }
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'step-waiting'; readonly step: Step; readonly message: string }
  | { readonly type: 'step-started'; readonly step: Step }
  | { readonly type: 'step-progress'; readonly step: Step; readonly progress: Progress }
  | { readonly type: 'step-warning'; readonly step: Step; readonly message: string }
  | { readonly type: 'step-ended'; readonly step: Step; readonly report: StepReport }
  | { readonly type: 'run-ended'; readonly report: Report };

export interface RunnerOptions {
  readonly journal: Journal;
  readonly broker: LockBroker;
  readonly clock: Clock;
  readonly kinds: EffectKinds;
  /** Cancels the run; its reason is the first cause (see lib/interruption.ts). */
  readonly signal: AbortSignal;
  /** How long a step may wait for what others hold before it is 'busy'. */
  readonly lockWait: Duration;
  /** How long a step may go on after it was told to stop; default 5 min. Then it is given up, whatever it waits for. */
  readonly stopWait?: Duration;
  readonly observe?: (event: RunnerEvent) => void;
  /** The id that the run was promised; the next one when not given. */
  readonly runId?: string | undefined;
}

const STOP_WAIT = duration(5, 'm');
/** Of a wait for a place. */
const WORTH_TELLING = duration(1, 's');

/**
 * Runs every step whose needs are met and answers with the report, which is in the journal by then. A failing step is in
 * the report, not thrown; what is thrown is a journal that cannot be written or a plan that is a bug.
 */
export async function runPlan(plan: Plan, options: RunnerOptions): Promise<Report> {
  const defects = planDefects(plan);
  if (defects.length > 0) {
    throw new HoldfastError({ code: 'bug', operation: 'run', subject: plan.kind, message: defects.join('; ') });
  }
  if (options.runId !== undefined) assertUnused(options.journal, options.runId);
  options.signal.throwIfAborted();
  const notices = [...options.journal.notices, ...(await recoverFromCrash(options))];
  const warnings = [...notices, ...(plan.warnings ?? [])];
  for (const message of warnings) options.observe?.({ type: 'notice', message });
  const report = await new Execution({ ...plan, warnings }, options).run();
  await options.broker.settled?.();
  return report;
}

class Execution {
  readonly #plan: Plan;
  readonly #options: RunnerOptions;
  readonly #id: string;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #startedAt: Instant;
  readonly #lanes = new Map<string, Semaphore>();
  readonly #reports = new Map<string, Promise<StepReport>>();
  readonly #results = new Map<string, StepResult>();
  readonly #steps: ReadonlyMap<string, Step>;
  #gaveUp = false;

  constructor(plan: Plan, options: RunnerOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    this.#startedAt = options.clock.now();
    this.#id = options.runId ?? nextRunId(options.journal, this.#startedAt);
    this.#steps = new Map(plan.steps.map((step) => [step.id, step]));
  }

  async run(): Promise<Report> {
    const { journal, clock, signal } = this.#options;
    journal.openRun({ id: this.#id, plan: this.#plan, startedAt: this.#startedAt, process: selfIdentity() });
    this.#observe({ type: 'run-started', runId: this.#id, plan: this.#plan });
    const steps = await this.#performAll();
    const judge = this.#plan.judge ?? verdictOf;
    const verdict = judge(steps, stopSignalOf(signal.aborted ? signal.reason : null));
    const endedAt = clock.now();
    if (!this.#leavesEffects()) journal.endRun(this.#id, verdict, endedAt);
    const report = buildReport({
      ...verdict,
      kind: this.#plan.kind,
      id: this.#id,
      host: this.#plan.host,
      startedAt: this.#startedAt,
      endedAt,
      warnings: this.#plan.warnings ?? [],
      steps,
    });
    this.#observe({ type: 'run-ended', report });
    return report;
  }

  /** Of a step that was given up: without an end the run is cleaned up after by the next start, as one that died is. */
  #leavesEffects(): boolean {
    if (!this.#gaveUp) return false;
    const self = this.#options.journal.unfinishedRuns().find((run) => run.id === this.#id);
    return self !== undefined && self.effects.length > 0;
  }

  /** What throws here is a journal that cannot be written: everything is stopped before it is told. */
  async #performAll(): Promise<StepReport[]> {
    const all = this.#plan.steps.map((step) => this.#reportOf(step));
    try {
      return await Promise.all(all);
    } catch (error) {
      this.#stop.abort(error);
      await Promise.allSettled(all);
      throw error;
    }
  }

  /** Starts the step at the first call; whoever needs it waits for the same promise. */
  #reportOf(step: Step): Promise<StepReport> {
    const known = this.#reports.get(step.id);
    if (known) return known;
    const report = this.#perform(step);
    this.#reports.set(step.id, report);
    return report;
  }

  async #perform(step: Step): Promise<StepReport> {
    await this.#ended(step.after ?? []);
    const blocker = await this.#blockerOf(step);
    if (blocker) return this.#end(step, blocker);
    const warnings: string[] = [];
    let startedAt: Instant | null = null;
    let end: StepEnd;
    await using held = new AsyncDisposableStack();
    const locks = new AsyncDisposableStack();
    held.defer(() => locks[Symbol.asyncDispose]());
    try {
      for (const lane of step.lanes ?? []) {
        held.use(await this.#lane(lane).acquire(this.#signal)); // oxlint-disable-line no-await-in-loop -- in order
      }
      const { lost } = locks.use(await this.#lock(step, step.locks ?? [], warnings));
      startedAt = this.#options.clock.now();
      end = await this.#start(step, startedAt, warnings, lost);
    } catch (thrown) {
      if (thrown instanceof GivenUp) {
        this.#gaveUp = true;
        locks.move(); // it may still be at work: its locks end with this process
      }
      end = failureOf(thrown, step);
    }
    // Outside of the `try`: a journal that cannot be written is not a failure of this step. Locked still, so that whoever
    // comes next finds the evidence.
    return this.#end(step, { ...end, startedAt, warnings });
  }

  /** What ends the step before it starts: a need that did not succeed, told by its first cause. */
  async #blockerOf(step: Step): Promise<StepEnd | null> {
    const reports = await this.#ended(step.needs ?? []);
    const blocker = reports.find((report) => !['succeeded', 'partial', 'skipped'].includes(report.outcome));
    if (!blocker) return null;
    // Being asked to stop is no failure, not of what was still waiting either.
    const outcome = blocker.outcome === 'interrupted' ? 'interrupted' : 'blocked';
    const passedOn = blocker.outcome === 'blocked' || (outcome === 'interrupted' && blocker.startedAt === null);
    const why = blocker.error?.message ?? blocker.reason ?? blocker.outcome;
    return { outcome, reason: passedOn ? blocker.reason : `${blocker.title}: ${why}`, error: blocker.error };
  }

  #ended(ids: readonly string[]): Promise<StepReport[]> {
    return Promise.all(ids.flatMap((id) => this.#steps.get(id) ?? []).map((step) => this.#reportOf(step)));
  }

  async #start(step: Step, startedAt: Instant, warnings: string[], lost: AbortSignal | undefined): Promise<StepEnd> {
    const { journal, clock, kinds, lockWait } = this.#options;
    const { timeout } = step;
    using limit = timeout === undefined ? null : limitTime(timeout, () => timedOut(step.title, step.id, timeout));
    const signal = AbortSignal.any([this.#signal, limit?.signal, lost].filter((each) => each !== undefined));
    signal.throwIfAborted();
    journal.startStep(this.#id, step.id, startedAt);
    this.#observe({ type: 'step-started', step });
    const effects = new StepEffects({ runId: this.#id, stepId: step.id, journal, clock, kinds });
    const work = step.run({
      signal,
      runId: this.#id,
      now: () => clock.now(),
      lockWait,
      lock: async (lock) => {
        const first = step.locks?.find(({ name }) => name >= lock.name);
        if (first) throw outOfOrder(step, lock, first);
        return await this.#lock(step, [lock], warnings);
      },
      progress: (progress) => this.#observe({ type: 'step-progress', step, progress }),
      waiting: (message) => this.#observe({ type: 'step-waiting', step, message }),
      warn: (message) => {
        warnings.push(message);
        this.#observe({ type: 'step-warning', step, message });
      },
      resultOf: (stepId) => this.#results.get(stepId)?.result ?? null,
      record: (evidence) => {
        for (const fact of evidence) journal.recordEvidence(this.#id, fact);
      },
      hold: (...effect) => effects.hold(...effect),
    });
    try {
      const result = await unlessDeaf(work, step, signal, this.#options.stopWait ?? STOP_WAIT);
      const { error, ...end } = result;
      if (!error) this.#results.set(step.id, result);
      return error ? { ...end, ...failureOf(error, step) } : end;
    } catch (thrown) {
      throw firstCause(thrown, signal);
    }
  }

  #lane(name: string): Semaphore {
    const lane = this.#lanes.get(name) ?? new Semaphore(this.#plan.limits[name] ?? 1);
    this.#lanes.set(name, lane);
    return lane;
  }

  async #lock(step: Step, locks: readonly Lock[], warnings: string[]): Promise<HeldLocks> {
    const { broker, journal, lockWait } = this.#options;
    if (locks.length === 0) return { [Symbol.asyncDispose]: () => Promise.resolve() };
    const holders = (): string => {
      try {
        const others = journal.unfinishedRuns().filter((run) => run.id !== this.#id && mayBeAlive(run.process));
        return others.map((run) => `${run.kind} ${run.id} (pid ${run.process.pid})`).join(', ') || 'another step';
      } catch {
        return 'another process'; // inside a timer nobody would catch it; the next write tells that the journal is broken
      }
    };
    const say = setTimeout(
      () => this.#observe({ type: 'step-waiting', step, message: `waiting for ${holders()}` }),
      duration(500, 'ms'),
    );
    using _say = { [Symbol.dispose]: () => clearTimeout(say) };
    using limit = limitTime(lockWait, () => busy(step, locks[0]?.name ?? '', holders(), lockWait));
    const queued: string[] = [];
    const waiting = (message: string): void => {
      clearTimeout(say);
      queued.push(message);
      this.#observe({ type: 'step-waiting', step, message: `waiting for ${message}` });
    };
    const begun = performance.now();
    const held = await broker.acquire(locks, AbortSignal.any([this.#signal, limit.signal]), waiting);
    const waited = duration(performance.now() - begun, 'ms');
    if (queued.length > 0 && waited >= WORTH_TELLING)
      warnings.push(`waited ${describeDuration(waited)} for ${queued.join(', then ')}`);
    return held;
  }

  #end(step: Step, end: StepEnd): StepReport {
    const endedAt = this.#options.clock.now();
    const report: StepReport = {
      ...plannedStep(step),
      outcome: end.outcome,
      reason: end.reason ?? null,
      startedAt: end.startedAt ? formatInstant(end.startedAt) : null,
      endedAt: formatInstant(endedAt),
      durationSeconds: end.startedAt ? elapsed(end.startedAt, endedAt) / 1000 : null,
      error: end.error ?? null,
      warnings: end.warnings ?? [],
      result: end.result ?? null,
    };
    this.#options.journal.endStep(this.#id, report, end.evidence ?? []);
    this.#observe({ type: 'step-ended', step, report });
    return report;
  }

  #observe(event: RunnerEvent): void {
    this.#options.observe?.(event);
  }
}

interface StepEnd extends Omit<Partial<StepResult>, 'outcome' | 'error'> {
  readonly outcome: Outcome;
  readonly startedAt?: Instant | null;
  readonly warnings?: readonly string[];
  readonly error?: StepReport['error'];
}

/** An exception as an outcome. When clean-up fails too (SuppressedError), what failed first is the outcome. */
function failureOf(thrown: unknown, step: Step): StepEnd {
  if (thrown instanceof SuppressedError) {
    const first = failureOf(thrown.suppressed, step);
    const cleanUp = thrown.error instanceof Error ? thrown.error.message : String(thrown.error);
    return { ...first, reason: `${first.reason ?? ''}; and cleaning up failed: ${cleanUp}` };
  }
  const error = asHoldfastError(thrown, step.title, step.id);
  const outcome = error.code === 'interrupted' ? 'interrupted' : error.code === 'timed-out' ? 'timed-out' : 'failed';
  return { outcome, reason: error.message, error: errorReport(error) };
}

const outOfOrder = (step: Step, lock: Lock, first: Lock): HoldfastError =>
  new HoldfastError({
    code: 'bug',
    operation: step.title,
    subject: lock.name,
    message: `this lock is taken after ${first.name}, which others take after it`,
  });

const busy = (step: Step, lock: string, holders: string, waited: Duration): HoldfastError =>
  new HoldfastError({
    code: 'busy',
    operation: step.title,
    subject: lock,
    message: `still in use after ${describeDuration(waited)} by ${holders}`,
    hint: 'Try again when that has ended, or allow a longer wait with --wait.',
    retry: 'later',
  });
