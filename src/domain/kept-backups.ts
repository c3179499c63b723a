// How many of the newest whole backups a retention keeps. Pure. Each stands by itself, and the log goes back to the oldest of them.

import type { Duration } from './duration.ts';
import type { Instant } from './instant.ts';

export interface KeptBackups {
  /** At least. */
  readonly full: number;
  /** Every moment that is at most so old; null: none is asked for. */
  readonly window: Duration | null;
}

/** `ends`: when each was complete, oldest first. At least one, where there is one. */
export function countKept({ full, window }: KeptBackups, ends: readonly Instant[], now: Instant): number {
  const begin = window === null ? null : now - window;
  // the moment at which the window begins is had from the newest backup that was complete by then
  const base = begin === null ? -1 : ends.findLastIndex((end) => end <= begin);
  const forWindow = begin === null ? 0 : base === -1 ? ends.length : ends.length - base;
  return Math.max(1, full, forWindow);
}
