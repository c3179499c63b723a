// Which moments of a PostgreSQL server can be had back, from which base backup: told from the backups and the archived log. Pure.

import type { Instant } from './instant.ts';
import { type Archive, reachOf } from './postgres-archive.ts';
import type { Line } from './timeline.ts';

export interface BaseBackup {
  readonly label: string;
  /** Whole seconds. */
  readonly stoppedAt: Instant;
  /** The first and the last file of the log without which it is nothing; null when it was made without an archive. */
  readonly wal: { readonly start: string; readonly stop: string } | null;
  /** Damaged pages were copied. */
  readonly error: boolean | null;
}

/** What a backup leads to. */
export interface Reach<Backup extends BaseBackup = BaseBackup> {
  readonly backup: Backup;
  /** The first moment that is certainly after its end. */
  readonly from: Instant;
  /** The last file of the log that follows without a gap; nothing that was committed after it came there can be had. */
  readonly last: string;
  readonly to: Instant;
  /** A file that is missing although later ones are there; null where the log goes on to its end. */
  readonly gap: string | null;
}

/** An uninterrupted time of which every moment can be had. */
export interface Window {
  readonly from: Instant;
  readonly to: Instant;
}

const SECOND = 1000;

/** Of each backup that can be restored at all and rolled forward on that line, in their order. */
export const reachesOf = <Backup extends BaseBackup>(
  backups: readonly Backup[],
  archive: Archive,
  line: Line,
): Reach<Backup>[] =>
  backups.flatMap((backup) => {
    const { consistent, last, missing } = backup.wal === null ? NOWHERE : reachOf(archive, line, backup.wal);
    if (!consistent || last === null) return [];
    const [from, to] = [backup.stoppedAt + SECOND, last.at + SECOND] as [Instant, Instant]; // milliseconds
    return [{ backup, from, last: last.file, to, gap: missing[0] ?? null }];
  });

const NOWHERE = { consistent: false, last: null, missing: [] } as const;

/** All moments that can be had, oldest first: what several backups lead to without a break is one window. */
export function windowsOf(reaches: readonly Pick<Reach, 'from' | 'to'>[]): Window[] {
  const windows: Window[] = [];
  for (const { from, to } of reaches.toSorted((a, b) => a.from - b.from)) {
    if (to < from) continue;
    const last = windows.at(-1);
    if (last && from <= last.to) windows.splice(-1, 1, { from: last.from, to: Math.max(last.to, to) as Instant });
    else windows.push({ from, to });
  }
  return windows;
}

/**
 * The newest backup that ended before the moment and whose log goes beyond it; for no moment the one whose log goes furthest. One
 * with damaged pages only where no other serves. Null when there is none.
 */
export function reachFor<Backup extends BaseBackup>(
  at: Instant | null,
  reaches: readonly Reach<Backup>[],
): Reach<Backup> | null {
  const serving = reaches.filter(({ from, to }) => at === null || (from <= at && at <= to));
  const sound = serving.filter(({ backup }) => backup.error !== true);
  const candidates = sound.length > 0 ? sound : serving;
  return (
    candidates.toSorted((a, b) => (at === null ? b.to - a.to : 0) || b.backup.stoppedAt - a.backup.stoppedAt)[0] ?? null
  );
}

/** The moment in one of the windows that is nearest; null when there is none. */
export function nearestMoment(at: Instant, windows: readonly Window[]): Instant | null {
  const ends = windows.map(({ from, to }) => Math.min(Math.max(at, from), to) as Instant);
  return ends.toSorted((a, b) => Math.abs(a - at) - Math.abs(b - at))[0] ?? null;
}
