// Small plans and a way to run them, for tests of whatever runs plans.

import { duration, type Duration } from '../../src/domain/duration.ts';
import type { EffectKind } from '../../src/domain/effect.ts';
import type { Plan, Step, StepResult } from '../../src/domain/plan.ts';
import { effectKinds } from '../../src/engine/runner/effects.ts';
import type { RunnerEvent, RunnerOptions } from '../../src/engine/runner/runner.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openTransientJournal } from '../../src/journal/open-journal.ts';
import { untilAborted } from '../../src/lib/abort.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { type LockBroker, noLocks } from '../../src/repositories/broker.ts';

export const done: StepResult = { outcome: 'succeeded' };

/** A step called `id` that succeeds at once unless told otherwise. */
export const step = (id: string, parts: Partial<Step> = {}): Step => ({
  id,
  title: id.toUpperCase(),
  weight: 'counted',
  run: () => Promise.resolve(done),
  ...parts,
});

export const plan = (steps: readonly Step[], parts: Partial<Plan> = {}): Plan => ({
  kind: 'test',
  host: 'testhost',
  steps,
  limits: {},
  ...parts,
});

export interface Setting {
  readonly journal?: Journal;
  readonly broker?: LockBroker;
  readonly kinds?: readonly EffectKind[];
  readonly signal?: AbortSignal;
  readonly lockWait?: Duration;
  readonly stopWait?: Duration;
  readonly observe?: (event: RunnerEvent) => void;
}

export const options = (setting: Setting = {}): RunnerOptions => ({
  journal: setting.journal ?? openTransientJournal(),
  broker: setting.broker ?? noLocks,
  clock: systemClock,
  kinds: effectKinds(setting.kinds ?? []),
  signal: setting.signal ?? new AbortController().signal,
  lockWait: setting.lockWait ?? duration(10, 's'),
  ...(setting.stopWait === undefined ? {} : { stopWait: setting.stopWait }),
  ...(setting.observe ? { observe: setting.observe } : {}),
});

/** Rejects when the signal aborts: a step that does nothing but honour it. */
export const untilCancelled = (signal: AbortSignal): Promise<never> => untilAborted(new Promise<never>(() => {}), signal);

/** A promise and its keys. */
export const gate = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();
