// What a restore drill proves: pure. A drill restores a snapshot into scratch, proves it there and measures how long it took.

import type { JsonObject } from '../lib/json.ts';

/** The `detail` of `drill` evidence, beside `place`: where the repository was. */
export interface Drill extends JsonObject {
  /** When the snapshot was made, as ISO 8601 in UTC. */
  readonly snapshotTime: string;
  /** `sample`: some files only, so that the time for all is extrapolated. */
  readonly extent: 'whole' | 'sample';
  /** What was restored. */
  readonly files: number;
  readonly bytes: number;
  /** Of the restore and the validators, without the comparison with a second copy; null where it did not come so far. */
  readonly seconds: number | null;
  /** How long it would take to have the whole service back; measured where `extent` is `whole`. */
  readonly rtoSeconds: number | null;
  /** The repository that a second copy of the content came from, and how many files were compared with it. */
  readonly compared: { readonly with: string; readonly files: number } | null;
  /** `ok` is null where one could not be run, or needs more than a sample. */
  readonly validators: readonly { readonly type: string; readonly subject: string; readonly ok: boolean | null }[];
  /** Why it failed, or did not prove everything; null where it did. */
  readonly reason: string | null;
}

export const PICKS = ['newest', 'middle', 'oldest', 'rotate'] as const;
export type DrillPick = (typeof PICKS)[number];

/** The one that matters most every other time, so that a rotation of four still tries it often. */
const ROTATION = ['newest', 'middle', 'newest', 'oldest'] as const;

/** Which snapshot it is this time; `rotate` goes by how many drills of the job there were. */
export const pickOfTime = (pick: DrillPick, earlierDrills: number): Exclude<DrillPick, 'rotate'> =>
  pick === 'rotate' ? (ROTATION[earlierDrills % ROTATION.length] ?? 'newest') : pick;

/** One of a list that begins with the newest. */
export function pickOne<Item>(newestFirst: readonly Item[], pick: Exclude<DrillPick, 'rotate'>): Item | undefined {
  if (pick === 'newest') return newestFirst[0];
  return pick === 'oldest' ? newestFirst.at(-1) : newestFirst[Math.floor(newestFirst.length / 2)];
}

/** What a sample drill measured. */
export interface Measured {
  /** Listing the snapshot: opening the repository, loading its index, reading the directories. Every restore does it once. */
  readonly fixedSeconds: number;
  /** Restoring the sample, which did all of that, too. */
  readonly restoreSeconds: number;
  /** Validating; what they look at is restored whole also for a sample. */
  readonly validateSeconds: number;
}

export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

/** A difference that is smaller is noise. */
const LEAST_WORK = 0.1;

/**
 * How long all of it would take. A restore costs something for each byte and something for each file, and one measurement
 * cannot tell the two apart; so what the sample took beyond the fixed cost is multiplied by whichever of the two there is
 * proportionally more of. Where time is a sum of the two costs, as it is while the repository and the disk keep their pace,
 * that is never less than the truth. It may be several times as much where the sample is small: then a whole drill tells.
 */
export function extrapolate(
  { fixedSeconds, restoreSeconds, validateSeconds }: Measured,
  sample: Amount,
  all: Amount,
): number {
  const work = Math.max(restoreSeconds - fixedSeconds, LEAST_WORK * restoreSeconds);
  const ratio = Math.max(ratioOf(all.files, sample.files), ratioOf(all.bytes, sample.bytes), 1);
  return restoreSeconds - work + work * ratio + validateSeconds;
}

const ratioOf = (all: number, part: number): number => (part > 0 ? all / part : 1);

/** What says of a file that it has not changed. */
export interface Version {
  readonly size: number;
  /** Milliseconds; null where it is not known. */
  readonly mtime: number | null;
}

/** Whether two files of one path, in two snapshots, must have the same content. */
export const comparable = (a: Version, b: Version): boolean =>
  a.size === b.size && a.size > 0 && a.mtime !== null && a.mtime === b.mtime;
