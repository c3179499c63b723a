// Whether a service that was just started is well: its unit runs and goes on running, and its URL answers.

import { setTimeout as delay } from 'node:timers/promises';
import type { MigrateConfig } from '../../config/configuration.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import { isRunning, unitState } from '../../tools/systemd/systemctl.ts';
import { openManager } from '../../tools/systemd/open-manager.ts';

/** A service that cannot bear what it finds ends within this, mostly at once. */
const STEADY = duration(5, 's');
const BETWEEN = duration(1, 's');
const ANSWER = duration(10, 's');

/** Null when it is well; otherwise a sentence. Rejects when the signal aborts. */
export async function whyUnwell(
  unit: string,
  { healthUrl, healthWithin }: MigrateConfig,
  signal: AbortSignal,
): Promise<string | null> {
  const started = await unitState(unit, signal);
  if (started === null || started.load === 'not-found') return null; // nobody has stopped it either
  if (!isRunning(started) && started.active !== 'inactive') return `${unit} is ${started.active}`;
  const reasons = await Promise.all([
    isSteady(unit, signal),
    healthUrl === null ? null : answers(healthUrl, healthWithin, signal),
  ]);
  return reasons.find((reason) => reason !== null) ?? null;
}

/** By systemd's own events: its main process neither ends nor is started again. */
async function isSteady(unit: string, signal: AbortSignal): Promise<string | null> {
  await using manager = await openManager(signal);
  const before = await manager.facts(unit);
  using limit = limitTime(STEADY, () => new Error('it has not ended'));
  try {
    await manager.settled(unit, AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.signal.aborted) throw error;
  }
  const { active, sub, type, result, invocationId } = await manager.facts(unit);
  if (type === 'oneshot' && active === 'inactive' && result === 'success') return null;
  if (active !== 'active' && active !== 'reloading') return `${unit} is ${active} (${sub}, ${result})`;
  return invocationId === before.invocationId ? null : `${unit} ended, and was started again by systemd`;
}

/** Asked again until it does: how long a service takes to start listening nobody tells. */
async function answers(url: string, within: MigrateConfig['healthWithin'], signal: AbortSignal): Promise<string | null> {
  using limit = limitTime(within, () => new Error('time is up'));
  let last = 'no answer';
  while (!limit.signal.aborted) {
    /* oxlint-disable no-await-in-loop -- one after the other */
    const said = await ask(url, AbortSignal.any([signal, limit.signal]));
    if (said === '') return null;
    if (!limit.signal.aborted) last = said; // that time was up says nothing of the service
    signal.throwIfAborted();
    await delay(BETWEEN, undefined, { signal }).catch(() => signal.throwIfAborted());
    /* oxlint-enable no-await-in-loop */
  }
  return `${url} did not answer without an error within ${describeDuration(within)}: ${last}`;
}

/** Empty when it did. */
async function ask(url: string, signal: AbortSignal): Promise<string> {
  try {
    using limit = limitTime(ANSWER, () => new Error('no answer within 10 s'));
    const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.any([signal, limit.signal]) });
    await response.body?.cancel();
    return response.status < 400 ? '' : `HTTP ${response.status}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return cause instanceof Error ? cause.message || cause.name : String(cause);
  }
}

export const unwell = (service: string, unit: string | null, reason: string): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'start',
    subject: service,
    message: reason,
    hint: `See why: journalctl -u ${unit ?? service} -e`,
    retry: 'later',
  });
