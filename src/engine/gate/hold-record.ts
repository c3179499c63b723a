// What is recorded of timers that are held: which, and until when.

import { type Instant, formatInstant, parseInstant } from '../../domain/instant.ts';
import type { Journal } from '../../journal/journal.ts';
import type { JsonObject } from '../../lib/json.ts';

/** The kind of effect that lasts as long as the command after a gate. */
export const HELD_TIMERS_KIND = 'held-timers';

/** The kind of effect that lasts until `holdfast gate release`. */
export const LASTING_HOLD_KIND = 'timers-on-hold';

export interface HoldRecord {
  readonly timers: readonly string[];
  /** Null: as long as the step that holds them. */
  readonly until: Instant | null;
}

export const holdPayload = ({ timers, until }: HoldRecord): JsonObject => ({
  timers: [...timers],
  until: until === null ? null : formatInstant(until),
});

export const holdRecord = ({ timers, until }: JsonObject): HoldRecord => ({
  timers: Array.isArray(timers) ? timers.filter((each) => typeof each === 'string') : [],
  until: typeof until === 'string' ? parseInstant(until) : null,
});

export interface StandingHold {
  readonly since: Instant;
  /** When it is to end, or was to. */
  readonly until: Instant;
  readonly timers: readonly string[];
}

/** The hold that nobody has released yet; several records are one that was made longer. */
export function standingHold(journal: Pick<Journal, 'keptEffects'>): StandingHold | null {
  const kept = journal.keptEffects(LASTING_HOLD_KIND);
  if (kept.length === 0) return null;
  const records = kept.map(({ payload }) => holdRecord(payload));
  return {
    since: Math.min(...kept.map(({ keptAt }) => keptAt)) as Instant, // the first of instants is one
    until: Math.max(...records.map((record) => record.until ?? 0)) as Instant,
    timers: [...new Set(records.flatMap(({ timers }) => timers))].toSorted(),
  };
}
