// Reads a calendar expression as systemd does (systemd.time(7), "Calendar Events"), and says what is wrong with one that it
// would not take either.

import { wallTime } from './civil.ts';
import { Cursor, NotUnderstood } from './cursor.ts';
import {
  EVERY_SECOND,
  type Field,
  FIELDS,
  normalizeRanges,
  only,
  problemOfRanges,
  type Range,
  type Ranges,
  SECOND,
} from './field.ts';
import { parseWeekdays, WEEKDAY } from './weekdays.ts';
import { offsetsOf } from './zone.ts';

/** What an expression says, before it is a Calendar. */
export interface Spec {
  readonly zone: string | null;
  /** One bit a day, Monday the lowest; null: every day. */
  readonly weekdays: number | null;
  readonly year: Ranges;
  readonly month: Ranges;
  readonly day: Ranges;
  /** Days are counted from the end of their month. */
  readonly fromEnd: boolean;
  readonly hour: Ranges;
  readonly minute: Ranges;
  readonly microsecond: Ranges;
}

/** Throws NotUnderstood. */
export function parseSpec(text: string): Spec {
  const { expression, zone } = splitZone(text);
  if (expression === '') throw new NotUnderstood('it is empty');
  const named = SHORTHANDS.get(expression.toLowerCase());
  return validated({ ...EVERY_MIDNIGHT, zone, ...(named ?? parseEvent(expression)) });
}

const EVERY_MIDNIGHT: Spec = {
  zone: null,
  weekdays: null,
  year: null,
  month: null,
  day: null,
  fromEnd: false,
  hour: only(0),
  minute: only(0),
  microsecond: only(0),
};

const yearly = (...months: number[]): Partial<Spec> => ({
  month: months.map((start) => ({ start, stop: null, step: 0 })),
  day: only(1),
});
const SHORTHANDS: ReadonlyMap<string, Partial<Spec>> = new Map<string, Partial<Spec>>([
  ['minutely', { hour: null, minute: null }],
  ['hourly', { hour: null }],
  ['daily', {}],
  ['weekly', { weekdays: 1 }],
  ['monthly', { day: only(1) }],
  ['quarterly', yearly(1, 4, 7, 10)],
  ...['semiannually', 'semi-annually', 'biannually', 'bi-annually'].map((name) => [name, yearly(1, 7)] as const),
  ...['yearly', 'annually', 'anually'].map((name) => [name, yearly(1)] as const),
]);

/** Those that people mean; the misspelt ones that systemd takes as well are not told. */
export const SHORTHAND_NAMES: readonly string[] = [
  'minutely',
  'hourly',
  'daily',
  'weekly',
  'monthly',
  'quarterly',
  'semiannually',
  'yearly',
  'annually',
];

function splitZone(text: string): { expression: string; zone: string | null } {
  const space = text.lastIndexOf(' ');
  if (space < 0) return { expression: text, zone: null };
  const [expression, last] = [text.slice(0, space), text.slice(space + 1)];
  if (last.toLowerCase() === 'utc') return { expression, zone: 'UTC' };
  if (offsetsOf(last) !== null) return { expression, zone: last };
  if (/^[A-Za-z]/.test(last) && !WEEKDAY.test(last) && isExpression(expression))
    throw new NotUnderstood(`'${last}' is no time zone that is known here: write UTC or a name such as Europe/Berlin`);
  return { expression: text, zone: null };
}

/** Whether only its last word is wrong. */
function isExpression(text: string): boolean {
  try {
    parseSpec(text);
    return true;
  } catch (error) {
    if (error instanceof NotUnderstood) return false;
    throw error;
  }
}

function parseEvent(text: string): Partial<Spec> {
  const cursor = new Cursor(text);
  const weekdays = parseWeekdays(cursor);
  const epoch = /^@(\d{1,15})$/.exec(cursor.rest);
  if (epoch) return { weekdays, ...atEpoch(Number(epoch[1])) };
  const word = /^[A-Za-z]+/.exec(cursor.rest)?.[0];
  if (word !== undefined) throw new NotUnderstood(`'${word}' is no weekday, and no date or time begins like that`);
  const date = parseDate(cursor);
  return { weekdays, ...date, ...parseTime(cursor) };
}

function atEpoch(seconds: number): Partial<Spec> {
  const [year, month, day, hour, minute, second] = wallTime(seconds);
  return {
    zone: 'UTC',
    year: only(year),
    month: only(month),
    day: only(day),
    hour: only(hour),
    minute: only(minute),
    microsecond: only(second * SECOND),
  };
}

/** `year-month-day`, `month-day`, the last separator a `~` where days are counted from the end; nothing when a time comes. */
function parseDate(cursor: Cursor): Partial<Spec> {
  if (cursor.rest === '') return {};
  const before = cursor.rest;
  const parts: Ranges[] = [parseRanges(cursor, 'date')];
  if (/^(?::|$)/.test(cursor.rest)) {
    cursor.rest = before;
    return {};
  }
  let fromEnd = false;
  while (parts.length < 3 && !fromEnd) {
    const separator = cursor.take(/^[-~]/);
    if (separator === null) break;
    fromEnd = separator === '~';
    parts.push(parseRanges(cursor, 'date'));
  }
  if (parts.length < 2 || !(cursor.rest === '' || cursor.take(/^ +/)))
    throw new NotUnderstood(
      `a date is year-month-day or month-day, with ~ before days from the end of a month; '${cursor.rest}' is left over`,
    );
  const [year, month, day] = parts.length === 3 ? parts : [null, ...parts];
  return { year: year ?? null, month: month ?? null, day: day ?? null, fromEnd: fromEnd && day !== null };
}

function parseTime(cursor: Cursor): Partial<Spec> {
  if (cursor.rest === '') return {};
  const hour = parseRanges(cursor, 'time');
  if (cursor.take(/^:/) === null)
    throw new NotUnderstood(`a time is hour:minute or hour:minute:second; '${cursor.rest}' is left over`);
  const minute = parseRanges(cursor, 'time');
  const microsecond = cursor.take(/^:/) === null ? only(0) : parseSeconds(cursor);
  if (cursor.rest !== '') throw new NotUnderstood(`'${cursor.rest}' is left over after the time`);
  return { hour, minute, microsecond };
}

const parseSeconds = (cursor: Cursor): Ranges => parseRanges(cursor, 'time', SECOND) ?? EVERY_SECOND;

/** More than anybody writes; systemd's limit. */
const MOST_RANGES = 241;

function parseRanges(cursor: Cursor, where: 'date' | 'time', scale = 1): Ranges {
  if (cursor.take(/^\*/)) return null;
  const ranges: Range[] = [];
  do {
    const start = parseNumber(cursor, where, scale);
    const stop = cursor.take(/^\.\./) === null ? null : parseNumber(cursor, where, scale);
    const stepped = cursor.take(/^\//) !== null;
    const step = stepped ? parseNumber(cursor, where, scale) : stop === null ? 0 : scale;
    if (scale === SECOND && !stepped && stop !== null && start + step > stop)
      throw new NotUnderstood('a range of seconds without a step is at least one second long');
    if (step === 0 && stepped) throw new NotUnderstood('a step of 0 leads nowhere');
    if (!/^(?:[ ,~:-]|$)/.test(cursor.rest)) throw new NotUnderstood(`'${cursor.rest}' is not expected here`);
    ranges.push({ start, stop, step });
  } while (cursor.take(/^,/));
  if (ranges.length > MOST_RANGES)
    throw new NotUnderstood(`it lists more than ${MOST_RANGES} values: write a range with a step`);
  return ranges;
}

function parseNumber(cursor: Cursor, where: string, scale: number): number {
  const whole = cursor.take(/^\d+/);
  if (whole === null)
    throw new NotUnderstood(
      cursor.rest === ''
        ? `a number is missing at the end of the ${where}`
        : `a number is expected in the ${where} at '${cursor.rest}'`,
    );
  return Number(whole) * scale + (scale === 1 ? 0 : parseFraction(cursor));
}

/** In microseconds, rounded; one dot is decimal, two are a range. */
function parseFraction(cursor: Cursor): number {
  if (!/^\.(?!\.)/.test(cursor.rest)) return 0;
  const digits = cursor.take(/^\.\d+/);
  if (digits === null) throw new NotUnderstood(`a number is expected at '${cursor.rest}'`);
  return Math.round(Number(digits.slice(1, 8).padEnd(7, '0')) / 10);
}

function validated(spec: Spec): Spec {
  const normal: Spec = {
    ...spec,
    weekdays: spec.weekdays === 0b111_1111 ? null : spec.weekdays,
    year: normalizeRanges(
      spec.year?.map((range) => ({
        ...range,
        start: fullYear(range.start),
        stop: range.stop === null ? null : fullYear(range.stop),
      })) ?? null,
    ),
    month: normalizeRanges(spec.month),
    day: normalizeRanges(spec.day),
    hour: normalizeRanges(spec.hour),
    minute: normalizeRanges(spec.minute),
    microsecond: normalizeRanges(spec.microsecond),
  };
  check(normal.year, FIELDS.year);
  check(normal.month, FIELDS.month);
  check(normal.day, normal.fromEnd ? FIELDS.dayFromEnd : FIELDS.day);
  check(normal.hour, FIELDS.hour);
  check(normal.minute, FIELDS.minute);
  check(normal.microsecond, FIELDS.microsecond);
  return normal;
}

/** 26 is 2026, 89 is 1989. */
const fullYear = (year: number): number => (year < 70 ? year + 2000 : year < 100 ? year + 1900 : year);

function check(ranges: Ranges, field: Field): void {
  const problem = problemOfRanges(ranges, field);
  if (problem !== null) throw new NotUnderstood(problem);
}
