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
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/.exec(text);
  if (!match) return null;
  const [, year, month, day, hour, minute, second, zone] = match;
  if (zone !== undefined) return valid(Date.parse(withMinutes(text)));
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

/** PostgreSQL writes `+01`, which nobody else reads. */
const withMinutes = (text: string): string => text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00');

/**
 * A moment to the millisecond, for what can be had back as it was then: `2026-03-01 12:00` is the first instant of that minute, and a
 * day alone is no moment. A sentence where it is none, or two: when clocks are put back an hour comes twice.
 */
export function parseMoment(text: string, now: Instant): Instant | string {
  const age = parseDuration(text);
  if (age !== null) return (now - age) as Instant;
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(text);
  if (!match) return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text} is a day: say a time of it, too` : `${text} is no time`;
  const [, day = '', minute = '', second = ':00', zone] = match;
  const written = `${day}T${minute}${second}`;
  const parsed = Date.parse(zone === undefined ? written : withMinutes(written + zone));
  if (Number.isNaN(parsed)) return `${text} is no time`;
  if (zone !== undefined) return parsed as Instant;
  const wallClock = (at: number): string => {
    const date = new Date(at);
    return [date.getFullYear(), date.getMonth() + 1, date.getDate(), date.getHours(), date.getMinutes()].join(' ');
  };
  const wanted = `${day.split('-').map(Number).join(' ')} ${minute.split(':').map(Number).join(' ')}`;
  if (wallClock(parsed) !== wanted)
    return `${text} is a time that no clock here shows: say it with its zone, as in ${day} ${minute}+01`;
  const twice = [-HOUR, HOUR].some((by) => wallClock(parsed + by) === wanted);
  if (twice)
    return `${text} comes twice here, for clocks are put back then: say it with its zone, as in ${day} ${minute}+01`;
  return parsed as Instant;
}

const HOUR = 3_600_000;

const valid = (at: number): Instant | null => (Number.isNaN(at) ? null : (at as Instant));
