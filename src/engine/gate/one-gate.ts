// One gate at a time on a host: two would run each other's units twice and judge what the other had stopped.

import { describeDuration, duration } from '../../domain/duration.ts';
import { elapsed, formatInstant, type Instant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import type { Journal, UnfinishedRun } from '../../journal/journal.ts';
import { mayBeAlive } from '../../process/identity.ts';
import type { LockBroker } from '../../repositories/broker.ts';

/** Kinds of runs that belong to a gate: itself, and the deployment that it was for. */
export const GATE = 'gate';
export const DEPLOYMENT = 'deployment';

const AT_ONCE = duration(2, 's');

/** Held until it is disposed of. Throws `busy`, naming the other's process and start, when there is one already. */
export async function onlyGate(
  broker: LockBroker,
  journal: Pick<Journal, 'unfinishedRuns'>,
  now: Instant,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  using limit = limitTime(AT_ONCE, () => busy(journal, now));
  return await broker.acquire([{ name: 'gate', mode: 'exclusive' }], AbortSignal.any([signal, limit.signal]));
}

function busy(journal: Pick<Journal, 'unfinishedRuns'>, now: Instant): HoldfastError {
  const other = atWork(journal);
  const who = other
    ? `process ${other.process.pid}, since ${formatInstant(other.startedAt)} (${describeDuration(elapsed(other.startedAt, now))} ago)`
    : 'another process, which has just begun';
  return new HoldfastError({
    code: 'busy',
    operation: 'begin a gate',
    subject: 'on this host',
    message: `another one is at work: ${who}`,
    hint: 'Wait for its end. `holdfast history` shows it.',
    retry: 'later',
  });
}

function atWork(journal: Pick<Journal, 'unfinishedRuns'>): UnfinishedRun | undefined {
  try {
    return journal
      .unfinishedRuns()
      .find(({ kind, process }) => (kind === GATE || kind === DEPLOYMENT) && mayBeAlive(process));
  } catch (error) {
    if (error instanceof HoldfastError) return undefined; // inside a timer nobody would catch it
    throw error;
  }
}
