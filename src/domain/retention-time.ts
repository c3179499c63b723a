// The moment a snapshot was made as restic recorded it: exact to the nanosecond for order, and the calendar hour, day, week,
// month and year of the clock on the wall where it was made (its own offset from UTC) for the keep rules. Reads no clock.

import { HoldfastError } from '../lib/errors.ts';

export interface SnapshotTime {
  /** Since 1970-01-01T00:00:00Z. */
  readonly nanoseconds: bigint;
  /** Numbers that are equal exactly when two snapshots fall into the same calendar span. */
  readonly hour: number;
  readonly day: number;
  /** ISO 8601: weeks begin on Monday, week 1 holds the first Thursday of the year. */
  readonly week: number;
  readonly month: number;
  readonly year: number;
}

const PATTERN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;
const DAY = 86_400_000;

/** Throws `tool-output` when the text is not an RFC 3339 time. */
export function parseSnapshotTime(text: string): SnapshotTime {
  const match = PATTERN.exec(text);
  if (!match) throw notATime(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const wall = new Date(0);
  wall.setUTCFullYear(year, month - 1, day); // Date.UTC would move the years 0 to 99 into the twentieth century
  wall.setUTCHours(hour, minute, second);
  if (wall.getUTCMonth() !== month - 1 || wall.getUTCDate() !== day) throw notATime(text);
  const offsetMinutes = match[8] === undefined ? 0 : Number(`${match[8]}1`) * (Number(match[9]) * 60 + Number(match[10]));
  const fraction = BigInt((match[7] ?? '').padEnd(9, '0'));
  const date = year * 10_000 + month * 100 + day;
  return {
    nanoseconds: BigInt(wall.getTime() - offsetMinutes * 60_000) * 1_000_000n + fraction,
    hour: date * 100 + hour,
    day: date,
    week: isoWeek(wall),
    month: year * 100 + month,
    year,
  };
}

/** Year and week as one number: the week belongs to the year of its Thursday. */
function isoWeek(wall: Date): number {
  const weekday = (wall.getUTCDay() + 6) % 7; // Monday is 0
  const thursday = new Date(wall.getTime() + (3 - weekday) * DAY);
  const year = thursday.getUTCFullYear();
  const newYear = new Date(0);
  newYear.setUTCFullYear(year, 0, 1);
  const week = Math.floor((thursday.getTime() - newYear.getTime()) / (7 * DAY)) + 1;
  return year * 100 + week;
}

const notATime = (text: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-output',
    operation: 'read the time of a snapshot',
    subject: text,
    message: 'is not a time as restic writes it',
    hint: 'Look at `restic snapshots --json`; nothing was removed.',
  });
