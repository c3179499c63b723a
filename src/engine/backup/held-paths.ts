// What only the repository can tell of a copy. An exclude may match a declared path or one of its parents, and restic then
// saves less without a word. Asking opens the repository once more, so it is asked once for each way of asking restic.

import { createHash } from 'node:crypto';
import { duration } from '../../domain/duration.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import type { BackupRequest, BackupSummary } from '../../tools/restic/backup.ts';
import { resticLs } from '../../tools/restic/ls.ts';
import { resticSnapshots } from '../../tools/restic/snapshots.ts';

const LIMIT = duration(5, 'm');

/** The same for two backups that restic was asked for in the same words: it then leaves out the same. */
export const wordingOf = (request: BackupRequest, expected: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify([request.paths, request.excludes ?? [], expected]))
    .digest('hex')
    .slice(0, 16);

/**
 * The files of the copy before one that holds none, by the repository itself: where the journal is lost, an emptied source
 * must not pass for a new one. 0 when there was none.
 */
export async function formerFilesOf(access: ResticAccess, request: BackupRequest, made: BackupSummary): Promise<number> {
  if (made.totalFiles > 0) return 0;
  const { signal } = new AbortController();
  const wish = { host: request.host, tags: request.tags.slice(0, 1) };
  const held = await resticSnapshots(access, wish, { signal, timeout: LIMIT });
  const before = held.filter(({ id }) => id !== made.snapshotId).toSorted((a, b) => b.time - a.time);
  return before[0]?.summary?.totalFiles ?? 0;
}

/** Those of these absolute paths that the snapshot does not hold. Not cancelled: the copy is made and must not be forgotten. */
export async function absentPaths(access: ResticAccess, snapshotId: string, expected: readonly string[]): Promise<string[]> {
  const absent = new Set(expected.filter((path) => path !== '/'));
  if (absent.size === 0) return [];
  const { signal } = new AbortController();
  const options = { signal, timeout: LIMIT };
  await resticLs(access, { snapshotId, paths: [...absent] }, { ...options, onNode: ({ path }) => void absent.delete(path) });
  return [...absent];
}
