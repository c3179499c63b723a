// Hours of the day in which nobody is to be disturbed, by the clock on the wall of the host.

import type { Instant } from './instant.ts';

/** Minutes after midnight; `from` may be later than `to`: then midnight is in between. */
export interface QuietHours {
  readonly from: number;
  readonly to: number;
}

const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** `08:00`: minutes after midnight; null when it is not a time of day. */
export function parseTimeOfDay(text: string): number | null {
  const match = TIME.exec(text);
  return match ? Number(match[1]) * 60 + Number(match[2]) : null;
}

/** `22:00-07:00`; null when it is not such a span, or an empty one. */
export function parseQuietHours(text: string): QuietHours | null {
  const [from = '', to = '', ...rest] = text.split('-');
  const [start, end] = [parseTimeOfDay(from.trim()), parseTimeOfDay(to.trim())];
  return start === null || end === null || start === end || rest.length > 0 ? null : { from: start, to: end };
}

/** When it is over; null when it is not quiet at `at`. */
export function quietUntil({ from, to }: QuietHours, at: Instant): Instant | null {
  const here = new Date(at);
  const minute = here.getHours() * 60 + here.getMinutes();
  const isQuiet = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  if (!isQuiet) return null;
  return timeOfDay(here, to, minute >= to ? 1 : 0);
}

/** The last time before (or at) `at` that the clock showed that minute; on Mondays only where it is weekly. */
export function latestTimeOfDay(minute: number, every: 'daily' | 'weekly', at: Instant): Instant {
  const here = new Date(at);
  const back = every === 'daily' ? 0 : (here.getDay() + 6) % 7;
  const latest = timeOfDay(here, minute, -back);
  return latest <= at ? latest : timeOfDay(here, minute, -back - (every === 'daily' ? 1 : 7));
}

const timeOfDay = (day: Date, minute: number, days: number): Instant =>
  new Date(
    day.getFullYear(),
    day.getMonth(),
    day.getDate() + days,
    Math.floor(minute / 60),
    minute % 60,
  ).getTime() as Instant;
