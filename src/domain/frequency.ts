// How far apart the runs of a schedule are: `hourly` and its kin, and the plain shapes of systemd's OnCalendar. It never says
// when the next run is, and answers null rather than guess.

import { duration, type Duration } from './duration.ts';

interface Gaps {
  readonly shortest: Duration;
  readonly longest: Duration;
}

/** The longest time between two runs in a row (a month has 31 days); null when the expression is not understood. */
export const expectedInterval = (frequency: string): Duration | null => gapsOf(frequency)?.longest ?? null;

/** The shortest time between two runs in a row; null when the expression is not understood. */
export const shortestInterval = (frequency: string): Duration | null => gapsOf(frequency)?.shortest ?? null;

const same = (gap: Duration): Gaps => ({ shortest: gap, longest: gap });
const between = (shortest: number, longest: number): Gaps => ({
  shortest: duration(shortest, 'd'),
  longest: duration(longest, 'd'),
});
const NAMES = new Map<string, Gaps>([
  ['minutely', same(duration(1, 'm'))],
  ['hourly', same(duration(1, 'h'))],
  ['daily', same(duration(1, 'd'))],
  ['weekly', same(duration(7, 'd'))],
  ['monthly', between(28, 31)],
  ['quarterly', between(90, 92)],
  ['semiannually', between(181, 184)],
  ['yearly', between(365, 366)],
  ['annually', between(365, 366)],
]);
const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const LONG_WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const MINUTES_A_DAY = 1440;

// [weekdays] [year-month-day] [hour:minute[:second]] [UTC]
const SHAPE = /^(?:([a-z][a-z.,]*) ?)?(?:(\S+-\S+) ?)?(?:([^\s:]+):([^\s:]+)(?::(\d\d?))?)?(?: utc)?$/;

function gapsOf(frequency: string): Gaps | null {
  const text = frequency.trim().toLowerCase().replaceAll(/\s+/g, ' ');
  const named = NAMES.get(text);
  if (named) return named;
  const match = text === '' ? null : SHAPE.exec(text);
  if (!match) return null;
  const [, weekdays, date, hour, minute] = match;
  const times = hour === undefined || minute === undefined ? [0] : timesOfDay(hour, minute);
  if (times === null) return null;
  if (weekdays === undefined)
    return date === undefined || isEveryDay(date) ? gapsWithin(times, [0], 1) : gapsOfDate(date, times);
  const days = date === undefined || isEveryDay(date) ? parseWeekdays(weekdays) : null;
  return days && gapsWithin(times, days, 7);
}

const isEveryDay = (date: string): boolean => date === '*-*-*' || date === '*-*';

/** One day of each month, or one of each year, that every month has; everything else about dates is for a real calendar. */
function gapsOfDate(date: string, times: readonly number[]): Gaps | null {
  const match = /^(?:\*-)?(\*|\d\d?)-(\d\d?)$/.exec(date);
  const day = Number(match?.[2]);
  if (!match || !(day >= 1 && day <= 28) || times.length !== 1) return null;
  if (match[1] === '*') return NAMES.get('monthly') ?? null;
  return Number(match[1]) >= 1 && Number(match[1]) <= 12 ? (NAMES.get('yearly') ?? null) : null;
}

/** The gaps between `times` (minutes) on `days` of a cycle of `cycleDays` days, which goes round. */
function gapsWithin(times: readonly number[], days: readonly number[], cycleDays: number): Gaps {
  const runs = days.flatMap((day) => times.map((time) => day * MINUTES_A_DAY + time));
  const cycle = cycleDays * MINUTES_A_DAY;
  const gaps = runs.map((run, index) => (runs[index + 1] ?? (runs[0] ?? 0) + cycle) - run);
  return { shortest: duration(Math.min(...gaps), 'm'), longest: duration(Math.max(...gaps), 'm') };
}

/** Minutes since midnight, ascending. */
function timesOfDay(hour: string, minute: string): number[] | null {
  const hours = parseField(hour, 24);
  const minutes = parseField(minute, 60);
  return hours && minutes && hours.flatMap((h) => minutes.map((m) => h * 60 + m));
}

// `*`, `3`, `0/15`, a star with a step, `8..18`, `8..18/2` and lists of these; ascending, null when it is not one.
function parseField(field: string, limit: number): number[] | null {
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const match = /^(\*|\d\d?)(?:\.\.(\d\d?))?(?:\/(\d\d?))?$/.exec(part);
    if (!match) return null;
    const [, from = '*', to, step] = match;
    const first = from === '*' ? 0 : Number(from);
    const last = to !== undefined ? Number(to) : from === '*' || step !== undefined ? limit - 1 : first;
    const by = step === undefined ? 1 : Number(step);
    if (first > last || last >= limit || by === 0) return null;
    for (let value = first; value <= last; value += by) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

/** Days since Monday, ascending: `mon`, `mon,thu`, `mon..fri`; null when it is not such a list. */
function parseWeekdays(text: string): number[] | null {
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [from = '', to = from, ...rest] = part.split('..');
    const [first, last] = [weekday(from), weekday(to)];
    if (first < 0 || last < first || rest.length > 0) return null;
    for (let day = first; day <= last; day += 1) days.add(day);
  }
  return [...days].toSorted((a, b) => a - b);
}

const weekday = (name: string): number => Math.max(WEEKDAYS.indexOf(name), LONG_WEEKDAYS.indexOf(name));
