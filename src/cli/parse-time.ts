// A time as people write it on a command line.

import { parseDuration } from '../domain/duration.ts';
import type { Instant } from '../domain/instant.ts';

/**
 * A date means the end of that day and `2026-03-01 12:00` that minute to its end, both in this machine's zone; with a zone
 * (`...T12:00:00Z`) exactly that; a duration (`3d`) that long before `now`. Null when it is none of them.
 */
export function parseTime(text: string, now: Instant): Instant | null {
  const age = parseDuration(text);
  if (age !== null) return (now - age) as Instant;
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.exec(text);
  if (!match) return null;
  const [, year, month, day, hour, minute, second, zone] = match;
  if (zone !== undefined) return valid(Date.parse(text.replace(' ', 'T')));
  const date = new Date(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour ?? 23),
    Number(minute ?? 59),
    Number(second ?? 59),
    999,
  );
  // 2026-02-30 would become a day in March, the month 13 one of the next year
  const real =
    date.getMonth() === Number(month) - 1 && date.getDate() === Number(day) && date.getHours() === Number(hour ?? 23);
  return real ? valid(date.getTime()) : null;
}

const valid = (at: number): Instant | null => (Number.isNaN(at) ? null : (at as Instant));
