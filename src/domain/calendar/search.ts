// The next time that a calendar names, as systemd finds it: field by field from the year down, and what a field has no more
// values for is looked for in the next of the field before it. A time that clocks skip does not come, of two that they show
// alike the first does; corners of that are systemd's and the C library's, on which timers run.

import { LEAST, type Wall, wallSeconds, wallTime, weekdayOf } from './civil.ts';
import { type Ranges, SECOND } from './field.ts';
import type { Spec } from './parse.ts';
import type { Offsets } from './zone.ts';

/** No year after this one is looked at. */
const LAST_YEAR = 2199;
/** systemd gives up after as many rounds; no expression is known that comes near. */
const MOST_ROUNDS = 1000;

/** Microseconds since the epoch, strictly after `after`; null: never again. */
export function search(spec: Spec, after: number, offsets: Offsets, winterIsSaving: boolean): number | null {
  const from = Math.max(after, -1) + 1;
  let micros = from % SECOND;
  const zone = reckoning(offsets, winterIsSaving, (from - micros) / SECOND);
  const levels: readonly Ranges[] = [spec.year, spec.month, spec.day, spec.hour, spec.minute, spec.microsecond];
  let wall = zone.shown((from - micros) / SECOND);
  const start = { seconds: wallSeconds(wall), micros };

  const startOver = (level: number): void => {
    for (let at = level; at < 6; at += 1) wall[at] = LEAST[at] ?? 0;
    micros = 0;
  };
  const next = (level: number): void => {
    wall[level] = (wall[level] ?? 0) + 1;
    startOver(level + 1);
  };

  /** Sets the field to its next value, from what it is: whether there is one, and one that clocks show. */
  const settle = (level: number): 'settled' | 'moved' | 'none' => {
    const is = (wall[level] ?? 0) * (level === 5 ? SECOND : 1) + (level === 5 ? micros : 0);
    const value = level === 2 && spec.fromEnd ? nextFromEnd(spec.day, wall, zone) : nextValue(levels[level] ?? null, is);
    if (value === null || (level === 0 ? value : wall[0]) > LAST_YEAR) return 'none';
    if (value === is) return 'settled'; // as it was when the round began
    if (level === 5) {
      micros = value % SECOND;
      wall[5] = (value - micros) / SECOND;
    } else {
      wall[level] = value;
      startOver(level + 1);
    }
    if (wall[0] > LAST_YEAR) return 'none';
    const seen = zone.shown(zone.instant(wall));
    const differs = seen.findIndex((shown, at) => shown !== wall[at]);
    if (differs < 0) return 'settled';
    if ((seen[differs] ?? 0) < (wall[differs] ?? 0)) return 'none';
    if (differs < 5) seen[differs + 1] = LEAST[differs + 1] ?? 0;
    wall = seen;
    return 'moved';
  };

  let moved = false;
  rounds: for (let round = 0; round < MOST_ROUNDS; round += 1) {
    wall = zone.settled(wall, moved);
    moved = false;
    for (let level = 0; level < 6; level += 1) {
      const found = settle(level);
      if (found !== 'settled' && level === 0) return null;
      if (found === 'none') next(level - 1);
      moved = found === 'moved';
      if (found !== 'settled') continue rounds;
      if (level === 2 && spec.weekdays !== null && (spec.weekdays & (1 << weekdayOf(wallSeconds(wall)))) === 0) {
        next(2);
        continue rounds;
      }
    }
    const seconds = wallSeconds(wall);
    if (seconds > start.seconds || (seconds === start.seconds && micros >= start.micros))
      return zone.instant(wall) * SECOND + micros;
    zone.stay(); // the clocks were taken back: on with them as they are
    wall[3] += 1;
  }
  return null;
}

function nextValue(ranges: Ranges, is: number): number | null {
  if (ranges === null) return is;
  let least: number | null = null;
  for (const range of ranges) {
    const value = nextOfRange(range.start, range.stop, range.step, is);
    if (value !== null && (least === null || value < least)) least = value;
  }
  return least;
}

function nextOfRange(start: number, stop: number | null, step: number, is: number): number | null {
  if (start >= is) return start;
  if (step === 0) return null;
  const value = start + step * Math.ceil((is - start) / step);
  return stop === null || value <= stop ? value : null;
}

function nextFromEnd(ranges: Ranges, wall: Wall, zone: Reckoning): number | null {
  let least: number | null = null;
  for (const range of ranges ?? []) {
    const start = dayFromEnd(wall, range.start, zone);
    // systemd asks for the day where there is none, too, and that decides which of two hours shown alike is meant
    const stop = dayFromEnd(wall, range.stop ?? -1, zone);
    const value =
      range.stop === null ? nextOfRange(start, null, range.step, wall[2]) : nextOfRange(stop, start, range.step, wall[2]);
    if (value !== null && (least === null || value < least)) least = value;
  }
  return least;
}

const dayFromEnd = ([year, month, , hour, minute, second]: Wall, day: number, zone: Reckoning): number =>
  zone.shown(zone.instant([year, month + 1, 1 - day, hour, minute, second]))[2];

interface Reckoning {
  instant(wall: Wall): number;
  shown(instant: number): Wall;
  /** As clocks show it; after a move to what clocks show, whether they save daylight there is not asked again. */
  settled(wall: Wall, moved: boolean): Wall;
  /** From now on the offset of the time that was settled last holds for what comes after it. */
  stay(): void;
}

/**
 * From the wall to instants and back. Which of two instants that show the same is meant depends on the offset of the one
 * before, as in mktime(3).
 */
function reckoning(offsets: Offsets, winterIsSaving: boolean, start: number): Reckoning {
  let guess = offsets(start);
  let last = start;
  let stays = false;
  const resolve = (wall: number): number => {
    const first = offsets(wall - guess);
    if (first === guess) return wall - guess;
    const second = offsets(wall - first);
    if (second === first) return wall - first;
    const third = offsets(wall - second);
    if (third === second) return wall - second;
    // no instant shows it: clocks were put forward across it
    return wall - (winterIsSaving ? Math.max(second, third) : Math.min(second, third));
  };
  const instant = (wall: Wall): number => {
    const seconds = wallSeconds(wall);
    last = stays ? seconds - guess : resolve(seconds);
    guess = seconds - last;
    return last;
  };
  const shown = (at: number): Wall => wallTime(at + offsets(at));
  const settled = (wall: Wall, moved: boolean): Wall => {
    const carried = wallSeconds(wall) - offsets(last);
    // systemd gives up where that leads backwards
    const at = moved && offsets(carried) > offsets(last) ? carried : instant(wall);
    if (stays) guess = offsets(at);
    return shown(at);
  };
  return { instant, shown, settled, stay: () => void (stays = true) };
}
