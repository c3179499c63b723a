// One field of a calendar expression (the hours, the days ...): which values it names. `*` is no list at all.

/** `start`, `start/step`, `start..stop` or `start..stop/step`; a step of 0 is none. */
export interface Range {
  readonly start: number;
  readonly stop: number | null;
  readonly step: number;
}

/** Sorted, none twice; null: every value. */
export type Ranges = readonly Range[] | null;

export interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Digits, when it is printed. */
  readonly width: number;
  /** How many of its smallest parts make one of what is written: seconds are counted in microseconds. */
  readonly scale: number;
  /** A step leads to smaller values. */
  readonly down?: true;
}

export const SECOND = 1_000_000;
export const FIELDS = {
  year: { name: 'year', from: 1970, to: 2199, width: 4, scale: 1 },
  month: { name: 'month', from: 1, to: 12, width: 2, scale: 1 },
  day: { name: 'day', from: 1, to: 31, width: 2, scale: 1 },
  /** Counted from the end of a month, which may have 28 days. */
  dayFromEnd: { name: 'day before the end of the month', from: 1, to: 28, width: 2, scale: 1, down: true },
  hour: { name: 'hour', from: 0, to: 23, width: 2, scale: 1 },
  minute: { name: 'minute', from: 0, to: 59, width: 2, scale: 1 },
  microsecond: { name: 'second', from: 0, to: 60 * SECOND - 1, width: 2, scale: SECOND },
} as const satisfies Record<string, Field>;

export const only = (value: number): Ranges => [{ start: value, stop: null, step: 0 }];
export const EVERY_SECOND: Ranges = [{ start: 0, stop: null, step: SECOND }];

/** Sorted, none twice; a range ends on one of its values, and one with a single value is none. */
export function normalizeRanges(ranges: Ranges): Ranges {
  if (ranges === null) return null;
  const sorted = ranges
    .map(normalizeRange)
    .toSorted((a, b) => a.start - b.start || (a.stop ?? -1) - (b.stop ?? -1) || a.step - b.step);
  return sorted.filter(
    ({ start, stop, step }, at) =>
      sorted[at - 1]?.start !== start || sorted[at - 1]?.stop !== stop || sorted[at - 1]?.step !== step,
  );
}

function normalizeRange(range: Range): Range {
  const { start, stop, step } = range;
  if (stop === null || stop < start) return range;
  const last = stop - ((stop - start) % step);
  return last === start ? { start, stop: null, step: 0 } : { start, stop: last, step };
}

/** As systemd prints it: a list that has every second in it is `*`. */
export function formatRanges(ranges: Ranges, field: Field): string {
  if (ranges === null || ranges.some(({ start, stop, step }) => start === 0 && stop === null && step === SECOND)) return '*';
  return ranges.map((range) => formatRange(range, field)).join(',');
}

function formatRange({ start, stop, step }: Range, { width, scale }: Field): string {
  const number = (value: number, digits: number): string =>
    `${String(Math.floor(value / scale)).padStart(digits, '0')}${fraction(value, scale)}`;
  const to = stop === null ? '' : `..${number(stop, width)}`;
  const by = step === 0 || (stop !== null && step === scale) ? '' : `/${number(step, 1)}`;
  return number(start, width) + to + by;
}

const fraction = (value: number, scale: number): string =>
  value % scale > 0 ? `.${String(value % scale).padStart(6, '0')}` : '';

/** What is wrong with a list, as 'hour 25 is more than 23'; null when nothing is. */
export function problemOfRanges(ranges: Ranges, field: Field): string | null {
  for (const [at, range] of (ranges ?? []).entries()) {
    // systemd's limit for days before the end of a month shrinks by three with each one of a list
    const problem = problemOfRange(range, field.down === true ? { ...field, to: field.to - 3 * at } : field);
    if (problem !== null) return problem;
  }
  return null;
}

function problemOfRange({ start, stop, step }: Range, { name, from, to, scale, down }: Field): string | null {
  const written = (value: number): string => String(value / scale);
  for (const value of [start, ...(stop === null ? [] : [stop])]) {
    if (value < from) return `${name} ${written(value)} is less than ${written(from)}`;
    if (value > to)
      return `${name} ${written(value)} is more than ${Math.floor(to / scale)}${down === true && to < 28 ? ' here: give the list fewer parts' : ''}`;
  }
  if (stop !== null)
    return start > stop ? `the range ${written(start)}..${written(stop)} of the ${name} goes backwards` : null;
  const room = down === true ? start - from : to - start;
  return step <= room ? null : `no ${name} comes ${written(step)} after ${written(start)}: leave /${written(step)} out`;
}
