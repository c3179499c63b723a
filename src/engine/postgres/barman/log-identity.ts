// Which cluster the log at a place is of, where no backup says it: one of its files says it itself.

import { systemIdIn } from '../../../tools/postgresql/wal-header.ts';
import type { BarmanCloud } from '../../../tools/barman-cloud/invoke.ts';
import { firstBytesOfLog } from '../../../tools/barman-cloud/wal-head.ts';
import type { Place } from './open-place.ts';

/** Of the newest file; null where that is not known. */
export async function systemIdOfLog(access: BarmanCloud, { log }: Place, signal: AbortSignal): Promise<string | null> {
  const newest = log.toSorted((a, b) => a.time - b.time || (a.path < b.path ? -1 : 1)).at(-1);
  return newest === undefined ? null : systemIdIn(await firstBytesOfLog(access, newest.path, { signal }));
}
