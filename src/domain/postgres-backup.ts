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

/**
 * Nothing damaged was copied, as far as anybody looked (null: nobody did). What an incremental backup takes over from one that is damaged is
 * in its own `error`, too.
 */
export const isSound = ({ error }: { readonly error: boolean | null }): boolean => error !== true;
