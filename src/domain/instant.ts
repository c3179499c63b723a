// A point in time: whole milliseconds since 1970-01-01T00:00:00Z.

import type { Duration } from './duration.ts';
import type { Unit } from './unit.ts';

export type Instant = Unit<'milliseconds since the epoch'>;

/** ISO 8601 in UTC with milliseconds, as in every report. */
export const formatInstant = (at: Instant): string => new Date(at).toISOString();

/** Parses ISO 8601 (restic's nanoseconds included); null when it is not a time. */
export function parseInstant(text: string): Instant | null {
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : (at as Instant);
}

export const later = (at: Instant, by: Duration): Instant => (at + by) as Instant;
export const elapsed = (from: Instant, to: Instant): Duration => (to - from) as Duration;
export const earlier = (one: Instant, other: Instant): Instant => (one < other ? one : other);
