// What a command is about to do, as data. Built by pure planners, executed by the one runner (engine/runner.ts).

import type { HoldfastError } from '../lib/errors.ts';
import type { StopSignal } from '../lib/interruption.ts';
import type { Json, JsonObject } from '../lib/json.ts';
import type { Duration } from './duration.ts';
import type { Evidence } from './evidence.ts';
import type { Instant } from './instant.ts';
import type { Outcome } from './outcome.ts';
import type { StepReport } from './report.ts';
import type { Verdict } from './verdict.ts';

export interface Lock {
  /** For instance 'repository/nas-primary'. */
  readonly name: string;
  readonly mode: 'shared' | 'exclusive';
  /** Of a shared one: at most so many hold it at once, in all processes of this host. */
  readonly places?: number;
}

/** What a step's failure does to the verdict: `advisory` nothing, `counted` it is a failure, `critical` all is lost. */
export type Weight = 'critical' | 'counted' | 'advisory';

export interface Step {
  /** 'backup:sonarr@nas-primary': unique in the plan, stable between runs. */
  readonly id: string;
  /** 'Back up sonarr to nas-primary' */
  readonly title: string;
  readonly stage?: string;
  /** What the step is about, for history and status. */
  readonly service?: string;
  readonly repository?: string;
  /** Ids; unless each of them succeeded (or was partial, or skipped) this step is 'blocked'. */
  readonly needs?: readonly string[];
  /** Ids; this step waits until each of them has ended, however it came out. */
  readonly after?: readonly string[];
  /** Acquired in sorted order, all before `run`, released after it. */
  readonly locks?: readonly Lock[];
  /** Concurrency lanes: at most `plan.limits[lane]` steps of a lane at once. Entered in the order given. */
  readonly lanes?: readonly string[];
  /** Counted from the moment the lanes and locks are held. */
  readonly timeout?: Duration;
  /** How long it took the last time, for whoever watches. */
  readonly expected?: Duration;
  readonly weight: Weight;
  /** What is known before it runs of what it will come to: its result in a dry run. */
  readonly foreseen?: JsonObject;
  /** What is known already keeps it from succeeding: a dry run ends as the run would. */
  readonly doomed?: boolean;
  /** The only part that is code. Throws a HoldfastError to fail; must honour `context.signal`. */
  run(context: StepContext): Promise<StepResult>;
}

export interface Plan {
  /** 'run', 'restore', 'retention', ... */
  readonly kind: string;
  readonly host: string;
  readonly steps: readonly Step[];
  /** Steps at once for each lane; a lane that is not listed allows one. */
  readonly limits: Readonly<Record<string, number>>;
  /** Its stages run one after the other, and are shown so. */
  readonly staged?: boolean;
  /** Facts a reader of the plan should know and no step carries. */
  readonly warnings?: readonly string[];
  /** What the run comes to, where that is not what every command's does (verdict.ts). */
  readonly judge?: (steps: readonly StepReport[], interruptedBy: StopSignal | null) => Verdict;
}

export interface StepResult {
  /** `failed` is for a step that did its work and has figures to show although it must not pass; others throw. */
  readonly outcome: Extract<Outcome, 'succeeded' | 'partial' | 'skipped' | 'failed'>;
  /** Why it is partial or skipped; null when it succeeded plainly. */
  readonly reason?: string | null;
  /** Why it failed, with `failed` and never without. */
  readonly error?: HoldfastError;
  readonly result?: JsonObject | null;
  /** Committed together with the outcome, or not at all. */
  readonly evidence?: readonly Evidence[];
}

/** Live figures of a step; never written to the journal. */
export interface Progress {
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  readonly filesDone?: number;
  readonly filesTotal?: number;
  readonly secondsRemaining?: number;
  /** What is being worked on, or why it waits. */
  readonly message?: string;
}

export interface StepContext {
  /** Aborts on timeout or cancellation of the run; its reason is the first cause. */
  readonly signal: AbortSignal;
  readonly runId: string;
  now(): Instant;
  /** How long the step may wait for what others hold. */
  readonly lockWait: Duration;
  /**
   * Takes a lock in the midst of the step, until it is disposed of; `lost` aborts when it is lost before. Its name must sort after those
   * that the step has, so that two steps never wait for each other. Throws `busy`.
   */
  lock(lock: Lock): Promise<AsyncDisposable & { readonly lost?: AbortSignal }>;
  progress(update: Progress): void;
  /** Says what the step waits for. */
  waiting(message: string): void;
  /** A fact worth showing that does not change the outcome; kept in the report. */
  warn(message: string): void;
  /** The result of a step that this one waits for; null when it has none, or failed. */
  resultOf(stepId: string): JsonObject | null;
  /** Facts that stand whatever the step comes to, also when it fails: on disk when this returns. */
  record(evidence: readonly Evidence[]): void;
  /**
   * Holds something that must be undone: the intent is committed durably, then `make` runs, and disposing runs the
   * registered undo for `kind` and settles the record. After a crash the next start runs the same undo from the payload.
   * What is held later is undone first, and what was held earlier not before that succeeded.
   */
  hold(kind: string, payload: JsonObject, make: () => Promise<void>): Promise<AsyncDisposable>;
}

/** A mistake in a plan is a bug; found before anything runs. Returns sentences, none when the plan is sound. */
export function planDefects(plan: Pick<Plan, 'steps' | 'limits'>): string[] {
  const defects: string[] = [];
  const ids = new Set<string>();
  for (const step of plan.steps) {
    if (ids.has(step.id)) defects.push(`two steps are called ${step.id}`);
    ids.add(step.id);
  }
  for (const step of plan.steps) {
    for (const id of awaited(step)) if (!ids.has(id)) defects.push(`${step.id} waits for ${id}, which does not exist`);
  }
  for (const [lane, limit] of Object.entries(plan.limits)) {
    if (!(limit >= 1)) defects.push(`lane ${lane} allows ${limit} steps at once: it would wait for ever`);
  }
  const cycle = findCycle(plan.steps);
  if (cycle) defects.push(`steps wait for each other: ${cycle.join(' -> ')}`);
  return defects;
}

const awaited = ({ needs = [], after = [] }: Step): readonly string[] => [...needs, ...after];

function findCycle(steps: readonly Step[]): readonly string[] | null {
  const needs = new Map(steps.map((step) => [step.id, awaited(step)]));
  const finished = new Set<string>();
  const visit = (id: string, path: readonly string[]): readonly string[] | null => {
    if (finished.has(id)) return null;
    if (path.includes(id)) return [...path.slice(path.indexOf(id)), id];
    for (const need of needs.get(id) ?? []) {
      const cycle = visit(need, [...path, id]);
      if (cycle) return cycle;
    }
    finished.add(id);
    return null;
  };
  for (const id of needs.keys()) {
    const cycle = visit(id, []);
    if (cycle) return cycle;
  }
  return null;
}

/** It only looks, for the sake of what follows: shown when something is wrong. */
export const isLook = ({ weight, stage }: Pick<Step, 'weight'> & { readonly stage?: string | null }): boolean =>
  weight === 'advisory' && stage === PREFLIGHT;

/** What people read as the name of its stage. */
export const stageOf = ({ stage }: { readonly stage?: string | null }): string =>
  stage === PREFLIGHT ? 'Preflight' : (stage ?? '');

/** The stage of whatever must hold before anything starts. */
export const PREFLIGHT = 'preflight';

/** A value as it is printed in results: absent is null. */
export const orNull = <Value extends Json>(value: Value | undefined): Value | null => value ?? null;
