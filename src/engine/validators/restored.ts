// A restored service, as validators find it: its paths in the snapshot, and where each of them is now. Nothing outside of the
// directories it was restored to is ever opened: a restored link may lead to the live data.

import type { Stats } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import type { ValidatorConfig } from '../../config/configuration.ts';
import { contains } from '../../config/repository-url.ts';
import type { JsonObject } from '../../lib/json.ts';
import { errnoOf } from '../../lib/errors.ts';

export interface RestoredService {
  readonly service: string;
  readonly snapshotId: string;
  /** Where an absolute path of the snapshot is; null where it was not restored. */
  readonly place: (path: string) => string | null;
  /** All of it lies in these directories; without links on the way to them. */
  readonly roots: readonly string[];
  /** Where validators write, so that what was restored stays as it is; null: it is theirs to change. */
  readonly scratch: string | null;
  /** The service's first path, as it stands in the snapshot: relative paths are inside of it. */
  readonly home: string;
  /** What a command that is run must not read: directories and files. */
  readonly hidden: readonly string[];
  readonly user: { readonly uid: number; readonly gid: number };
}

export interface Validation extends JsonObject {
  readonly type: ValidatorConfig['type'];
  /** What was looked at. */
  readonly subject: string;
  /** Null: it did not run, so that nothing is known. */
  readonly ok: boolean | null;
  /** What was found; null where there is nothing to say. */
  readonly message: string | null;
  /** The last lines of a command. */
  readonly lines: readonly string[];
}

export type Finding = Pick<Validation, 'ok' | 'message'> & { readonly lines?: readonly string[] };

export const fine = (message: string | null = null): Finding => ({ ok: true, message });
export const wrong = (message: string, lines: readonly string[] = []): Finding => ({ ok: false, message, lines });

/** As it stands in the snapshot. */
export const pathInSnapshot = (home: string, path: string): string => posix.resolve(home, path);

export type Place = { readonly path: string } | { readonly problem: string };

/** Where a path of the snapshot is now, without links. */
export async function placeOfPath({ place, roots, home }: RestoredService, path: string): Promise<Place> {
  const wanted = place(pathInSnapshot(home, path));
  if (wanted === null) return { problem: NOT_RESTORED };
  try {
    const real = await realpath(wanted);
    return roots.some((root) => contains(root, real))
      ? { path: real }
      : { problem: 'it is a link that leads out of the restored data' };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') return { problem: `it cannot be looked at (${errno})` };
    const isLink = await lstat(wanted).then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
    return { problem: isLink ? 'it is a link that leads nowhere' : NOT_RESTORED };
  }
}

/** Where validators may write, for one file or directory of what was restored. */
export const writableFor = ({ roots, scratch }: RestoredService, path: string): string =>
  scratch ?? roots.find((root) => contains(root, path)) ?? path;

const NOT_RESTORED = 'it was not restored: the snapshot does not hold it';

/** A regular file of the snapshot, without links on the way to it. */
export async function fileOfPath(
  restored: RestoredService,
  path: string,
): Promise<{ readonly path: string; readonly stats: Stats } | { readonly problem: string }> {
  const place = await placeOfPath(restored, path);
  if ('problem' in place) return place;
  const stats = await lstat(place.path);
  return stats.isFile() ? { path: place.path, stats } : { problem: 'it is no regular file' };
}

/** What SQLite keeps beside a database, and replays into it. */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;
