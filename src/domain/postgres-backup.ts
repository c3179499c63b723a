// Which kind of backup a repository is due, from those that it holds and their calendars. Pure.

import { type Calendar, nextElapse } from './calendar.ts';
import type { Instant } from './instant.ts';

export const BACKUP_KINDS = ['full', 'differential', 'incremental'] as const;
/** Each holds what the later ones hold, and more. */
export type BackupKind = (typeof BACKUP_KINDS)[number];

export type BackupCalendars = Readonly<Partial<Record<BackupKind, Calendar>>>;

export interface HeldBackup {
  readonly type: BackupKind;
  readonly startedAt: Instant;
}

/**
 * The strongest kind of which a time has come since one that is at least as strong was begun. Where none is due, the weakest that has a
 * calendar, and never a full one: somebody asks for a backup and gets one (a gate does), but each full one pushes out another, and with it
 * the moments that it leads to. The first is always full.
 */
export function dueKind(calendars: BackupCalendars, held: readonly HeldBackup[], now: Instant, zone: string): BackupKind {
  const past = held.filter(({ startedAt }) => startedAt <= now);
  if (!past.some(({ type }) => type === 'full')) return 'full';
  const scheduled = BACKUP_KINDS.filter((kind) => calendars[kind] !== undefined);
  const due = scheduled.find((kind) => {
    const calendar = calendars[kind];
    const last = Math.max(...past.filter(({ type }) => isAtLeast(type, kind)).map(({ startedAt }) => startedAt)) as Instant; // one of them, or none
    if (calendar === undefined || !Number.isFinite(last)) return calendar !== undefined;
    const next = nextElapse(calendar, last, zone);
    return next !== null && next <= now;
  });
  return due ?? scheduled.findLast((kind) => kind !== 'full') ?? 'incremental';
}

export const isAtLeast = (kind: BackupKind, least: BackupKind): boolean =>
  BACKUP_KINDS.indexOf(kind) <= BACKUP_KINDS.indexOf(least);

export interface ChainedBackup {
  readonly label: string;
  /** The label of the one that it rests on. */
  readonly prior: string | null;
  /** Damaged pages were copied; null: nobody looked. */
  readonly error: boolean | null;
}

/** Those of which nothing is damaged, also in nothing that they rest on: what has not changed is not looked at again. Oldest first. */
export function soundOf<Backup extends ChainedBackup>(backups: readonly Backup[]): Backup[] {
  const damaged = new Set<string>();
  for (const { label, prior, error } of backups)
    if (error === true || (prior !== null && damaged.has(prior))) damaged.add(label);
  return backups.filter(({ label }) => !damaged.has(label));
}
