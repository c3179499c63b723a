// The periods of the calendar that a snapshot of each kind is taken in once: quarters of an hour and hours as they pass, days, weeks,
// months and years as they are on the wall of a zone.

import { type Wall, wallSeconds, wallTime, weekdayOf } from './calendar/civil.ts';
import { type Offsets, offsetsOf } from './calendar/zone.ts';
import { duration, type Duration } from './duration.ts';
import type { Instant } from './instant.ts';
import type { SnapshotKind } from './snapshot-policy.ts';

/** How long one of them counts where the age of snapshots is reckoned; of a month and a year the longest. */
export const PERIOD: Readonly<Record<SnapshotKind, Duration>> = {
  frequently: duration(15, 'm'),
  hourly: duration(1, 'h'),
  daily: duration(1, 'd'),
  weekly: duration(7, 'd'),
  monthly: duration(31, 'd'),
  yearly: duration(366, 'd'),
};

/** When the period began that a time is in: the same for all times of it, and never after any of them. */
export function periodStart(kind: SnapshotKind, at: Instant, zone: string): Instant {
  const offsets = offsetsOf(zone) ?? UTC;
  const seconds = Math.floor(at / 1000);
  const wall = seconds + offsets(seconds);
  if (kind === 'frequently' || kind === 'hourly') {
    const length = PERIOD[kind] / 1000;
    return instant(seconds - (((wall % length) + length) % length));
  }
  return instant(firstTime(wallSeconds(beginning(kind, wall)), offsets));
}

const UTC: Offsets = () => 0;
const DAY = 86_400;
const instant = (seconds: number): Instant => (seconds * 1000) as Instant; // whole seconds

function beginning(kind: Exclude<SnapshotKind, 'frequently' | 'hourly'>, wall: number): Wall {
  const [year, month, day] = wallTime(wall);
  if (kind === 'yearly') return [year, 1, 1, 0, 0, 0];
  if (kind === 'monthly') return [year, month, 1, 0, 0, 0];
  return [year, month, kind === 'weekly' ? day - weekdayOf(wall) : day, 0, 0, 0];
}

/** The first second at which clocks show this or, where they skip it, what comes after. */
function firstTime(wall: number, offsets: Offsets): number {
  const before = offsets(wall - DAY);
  const after = offsets(wall + DAY);
  const shown = [before, after].map((offset) => wall - offset).filter((at) => at + offsets(at) === wall);
  return shown.length > 0 ? Math.min(...shown) : wall - before;
}
