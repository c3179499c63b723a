// The weekdays of an expression: one bit a day, Monday the lowest.

import { type Cursor, NotUnderstood } from './cursor.ts';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
export const WEEKDAY =
  /^(?:mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)(?=[-., ]|$)/i;

/** `Mon`, `Mon,Thu`, `Mon..Fri`, `Mon-Fri,Sun`, a comma at the end; null when there is none. */
export function parseWeekdays(cursor: Cursor): number | null {
  let bits = 0;
  let from: number | null = null;
  for (;;) {
    const name = cursor.take(WEEKDAY);
    if (name === null) {
      if (bits === 0) return null;
      throw new NotUnderstood(`a weekday is expected at '${cursor.rest}'`);
    }
    const day = DAYS.indexOf(name.slice(0, 3).toLowerCase());
    if (from !== null && from > day)
      throw new NotUnderstood(
        `the weekdays ${dayName(from)}..${dayName(day)} go past the end of the week, which is Sunday: write ${around(from, day)}`,
      );
    for (let at = from ?? day; at <= day; at += 1) bits |= 1 << at;
    if (cursor.rest === '' || cursor.take(/^ +/)) return bits;
    const separator = cursor.take(/^(?:\.\.|-|,)/);
    if (separator === null || (separator !== ',' && from !== null))
      throw new NotUnderstood(`'${cursor.rest}' cannot follow ${dayName(day)}`);
    from = separator === ',' ? null : day;
    if (cursor.rest === '' || cursor.take(/^ +/)) {
      if (from === null) return bits;
      throw new NotUnderstood(`the range ${dayName(day)}.. has no end`);
    }
  }
}

const dayName = (day: number): string => `${DAYS[day]?.slice(0, 1).toUpperCase()}${DAYS[day]?.slice(1)}`;
const span = (from: number, to: number): string => (from === to ? dayName(from) : `${dayName(from)}..${dayName(to)}`);
const around = (from: number, to: number): string => `${span(0, to)},${span(from, 6)}`;

/** `Mon`, `Mon,Tue`, `Mon..Wed,Sun`: three in a row are a range. */
export function formatWeekdays(bits: number): string {
  const runs: string[][] = [];
  let run: string[] | null = null;
  for (let day = 0; day < DAYS.length; day += 1) {
    if ((bits & (1 << day)) === 0) run = null;
    else if (run) run.push(dayName(day));
    else runs.push((run = [dayName(day)]));
  }
  return runs.map((days) => (days.length > 2 ? `${days[0]}..${days.at(-1)}` : days.join(','))).join(',');
}
