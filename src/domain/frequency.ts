// How far apart the times of a schedule are, and whether it is time again. A day counts as 24 hours: the hour that summer time
// adds or takes is no reason for an alarm.

import { type Calendar, nextElapse, parseCalendar } from './calendar.ts';
import { duration, type Duration } from './duration.ts';
import { elapsed, type Instant } from './instant.ts';

/** The longest time between two runs in a row (a month has 31 days); null where there are no two, or no such schedule. */
export const expectedInterval = (frequency: string): Duration | null => gapsOf(frequency)?.longest ?? null;

/** The shortest time between two runs in a row; null where there are no two, or no such schedule. */
export const shortestInterval = (frequency: string): Duration | null => gapsOf(frequency)?.shortest ?? null;

/** A timer fires at its time give or take, and work takes its time: what is a little early must not wait for another round. */
const NEARLY = 0.9;

/** Whether it is time again for what was last done then; always, where the expression is not understood. */
export function isDue(last: Instant | null, frequency: string, now: Instant): boolean {
  const interval = shortestInterval(frequency);
  // what is dated in the future is a clock's mistake: nothing is known from it
  return last === null || last > now || interval === null || elapsed(last, now) >= NEARLY * interval;
}

interface Gaps {
  readonly shortest: Duration;
  readonly longest: Duration;
}

/** What recurs within something that recurs: from the start of its unit to the first and the last time, and the gaps between. */
interface Times {
  readonly first: number;
  readonly last: number;
  readonly shortest: number;
  readonly longest: number;
}

const known = new Map<string, Gaps | null>();

function gapsOf(frequency: string): Gaps | null {
  const found = known.get(frequency);
  if (found !== undefined) return found;
  const calendar = parseCalendar(frequency);
  const gaps = calendar && measure({ ...calendar, zone: 'UTC' });
  known.set(frequency, gaps);
  return gaps;
}

const ZERO = [{ start: 0, stop: null, step: 0 }] as const;
const ALWAYS = {
  weekdays: null,
  year: null,
  month: null,
  day: null,
  fromEnd: false,
  hour: null,
  minute: null,
  microsecond: ZERO,
};
const ONCE: Times = { first: 0, last: 0, shortest: Infinity, longest: -Infinity };
const NEVER: Times = { first: Infinity, last: -Infinity, shortest: Infinity, longest: -Infinity };

/** Second by second within a minute, minute by minute within an hour and so on up to days: exact, by few elapses. */
function measure(calendar: Calendar): Gaps | null {
  const { year, month, day, hour, minute, microsecond } = calendar;
  const seconds = repeated(within({ ...calendar, ...ALWAYS, microsecond }, A_MINUTE, duration(1, 'm')), ONCE);
  const minutes = repeated(within({ ...calendar, ...ALWAYS, minute }, AN_HOUR, duration(1, 'h')), seconds);
  const hours = repeated(within({ ...calendar, ...ALWAYS, minute: ZERO, hour }, A_DAY, duration(1, 'd')), minutes);
  const midnights = { ...calendar, hour: ZERO, minute: ZERO, microsecond: ZERO };
  const days = elapses(midnights, A_YEAR, year === null && month === null && day === null ? TWO_WEEKS : MOST_DAYS);
  const { shortest, longest } = repeated(days, hours);
  return Number.isFinite(longest) ? { shortest: shortest as Duration, longest: longest as Duration } : null;
}

// Where they begin, none of the larger units does: systemd loses the first time of a step across two of them.
const A_MINUTE = Date.UTC(2024, 0, 9, 12, 1);
const AN_HOUR = Date.UTC(2024, 0, 9, 12);
const A_DAY = Date.UTC(2024, 0, 9);
/** A leap year, and a Monday. */
const A_YEAR = Date.UTC(2024, 0, 1);

const TWO_WEEKS = 14;
/** More than a year, whichever days of it are meant; and leap years, where they are few. */
const MOST_DAYS = 400;

const within = (calendar: Calendar, from: number, unit: Duration): number[] =>
  elapses(calendar, from, Infinity, from + unit).map((at) => at - from);

/** From then on, at most so many, and before a time. */
function elapses(calendar: Calendar, from: number, most: number, before = Infinity): number[] {
  const found: number[] = [];
  let at = nextElapse(calendar, (from - 1) as Instant, 'UTC');
  while (at !== null && at < before && found.length < most) {
    found.push(at);
    at = nextElapse(calendar, at, 'UTC');
  }
  return found;
}

/** The same times after each of these. */
const repeated = (starts: readonly number[], inner: Times): Times =>
  starts.reduce((times, start) => {
    const gap = start + inner.first - times.last;
    return {
      first: Math.min(times.first, start + inner.first),
      last: start + inner.last,
      shortest: Math.min(times.shortest, inner.shortest, gap),
      longest: Math.max(times.longest, inner.longest, gap === Infinity ? -Infinity : gap),
    };
  }, NEVER);
