// The calendars of a server's backups.

import type { PostgresSchedule } from '../../config/configuration.ts';
import { nextElapse, parseCalendar } from '../../domain/calendar.ts';
import type { Duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import {
  BACKUP_KINDS,
  type BackupCalendars,
  type BackupKind,
  type HeldBackup,
  isAtLeast,
} from '../../domain/postgres-backup.ts';

export const calendarsOf = (schedule: PostgresSchedule): BackupCalendars =>
  Object.fromEntries(
    BACKUP_KINDS.flatMap((kind) => {
      const calendar = parseCalendar(schedule[kind]?.frequency ?? '');
      return calendar === null ? [] : [[kind, calendar]];
    }),
  );

/** Whether its time has come since one was begun that is at least as strong. */
export function isDue(
  kind: BackupKind,
  calendars: BackupCalendars,
  held: readonly HeldBackup[],
  now: Instant,
  zone: string,
): boolean {
  const times = held
    .filter(({ type, startedAt }) => isAtLeast(type, kind) && startedAt <= now)
    .map((each) => each.startedAt);
  const calendar = calendars[kind];
  if (times.length === 0 || calendar === undefined) return times.length === 0;
  const next = nextElapse(calendar, Math.max(...times) as Instant, zone); // the newest of instants is one
  return next !== null && next <= now;
}

/** The longest that any of them may take. */
export const longest = (schedule: PostgresSchedule): Duration | undefined => {
  const all = BACKUP_KINDS.flatMap((kind) => schedule[kind]?.timeout ?? []);
  return all.toSorted((a, b) => b - a)[0];
};
