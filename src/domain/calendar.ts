// When something recurs: systemd's calendar expressions (OnCalendar), understood and reckoned with as systemd does. Pure: the
// time and the machine's zone are arguments. Checked against `systemd-analyze calendar`.

import { NotUnderstood } from './calendar/cursor.ts';
import { FIELDS, formatRanges } from './calendar/field.ts';
import { parseSpec, type Spec } from './calendar/parse.ts';
import { search } from './calendar/search.ts';
import { formatWeekdays } from './calendar/weekdays.ts';
import { offsetsOf, WINTER_IS_SAVING } from './calendar/zone.ts';
import type { Instant } from './instant.ts';

export { SHORTHAND_NAMES } from './calendar/parse.ts';

export interface Calendar extends Spec {
  /** As systemd prints its 'Normalized form'. */
  readonly normalized: string;
}

/** Null when systemd would not take it either; `calendarProblem` says why. */
export function parseCalendar(text: string): Calendar | null {
  const found = read(text);
  return typeof found === 'string' ? null : found;
}

/** What is wrong with an expression, as 'hour 25 is more than 23'; null when nothing is. */
export function calendarProblem(text: string): string | null {
  const found = read(text);
  return typeof found === 'string' ? found : null;
}

/**
 * The first time strictly after `after`; null: never again. `zone` is the machine's (an IANA name or UTC), for expressions
 * that name none. Times between two milliseconds count as the later one.
 */
export function nextElapse(calendar: Calendar, after: Instant, zone: string): Instant | null {
  const name = calendar.zone ?? zone;
  const offsets = offsetsOf(name);
  if (offsets === null) throw new RangeError(`There is no time zone '${name}'.`);
  const found = search(calendar, after * 1000, offsets, WINTER_IS_SAVING.has(name));
  return found === null ? null : (Math.ceil(found / 1000) as Instant);
}

function read(text: string): Calendar | string {
  try {
    const spec = parseSpec(text);
    return { ...spec, normalized: normalForm(spec) };
  } catch (error) {
    if (error instanceof NotUnderstood) return error.message;
    throw error;
  }
}

function normalForm(spec: Spec): string {
  const date = `${formatRanges(spec.year, FIELDS.year)}-${formatRanges(spec.month, FIELDS.month)}${spec.fromEnd ? '~' : '-'}${formatRanges(spec.day, FIELDS.day)}`;
  const time = `${formatRanges(spec.hour, FIELDS.hour)}:${formatRanges(spec.minute, FIELDS.minute)}:${formatRanges(spec.microsecond, FIELDS.microsecond)}`;
  return [
    ...(spec.weekdays === null ? [] : [formatWeekdays(spec.weekdays)]),
    date,
    time,
    ...(spec.zone === null ? [] : [spec.zone]),
  ].join(' ');
}
