// The places of a restore: where the data belongs, where it is staged, where the old data is kept. Names that carry the run's id, so that nothing else has them.

import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { EntrySwap } from './swap-entries.ts';
import type { Swap } from './swap-paths.ts';

export interface LivePlace {
  /** As it is declared, and stands in the snapshot. */
  readonly path: string;
  /** The same, without links on the way to it. */
  readonly real: string;
  readonly exists: boolean;
  /** A mount point, dataset or subvolume: it stays, its entries are replaced. */
  readonly keepsDirectory: boolean;
}

/**
 * `restoring` is the staging; the old data is `leaving` until it is certain that the new takes its place, `entering` while
 * that moves in piece by piece, and `before` from then on. `displaced` is what was in the way.
 */
type What =
  | 'restoring'
  | 'leaving'
  | 'entering'
  | 'before'
  | 'displaced'
  // of a migration: see migrate/places.ts
  | 'migrating'
  | 'before-migration'
  | 'rolled-back';

/** `.sonarr.restoring-01J...`: beside what it is about, and within what a name may have (255 bytes). */
export const siblingName = (path: string, what: What, runId: string): string => `${siblingPrefix(path, what)}${runId}`;

/** What the names of every run begin with. */
export const siblingPrefix = (path: string, what: What): string => `.${stem(Buffer.from(basename(path)))}.${what}-`;

/** Long names differ in their digest when they begin alike. */
const stem = (name: Buffer): string =>
  name.length <= 180
    ? name.toString()
    : `${name
        .subarray(0, 160)
        .toString()
        .replace(/\uFFFD+$/, '')}~${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;

/** Beside the path, or inside of it where it stays. */
export const homeOf = ({ real, keepsDirectory }: LivePlace): string => (keepsDirectory ? real : dirname(real));
const named = (place: LivePlace, what: What, runId: string): string =>
  join(homeOf(place), siblingName(place.path, what, runId));
export const stagingOf = (place: LivePlace, runId: string): string => named(place, 'restoring', runId);
export const asideOf = (place: LivePlace, runId: string): string => named(place, 'before', runId);

const namesOf = (place: LivePlace, runId: string): Swap & { readonly staged: string } => ({
  path: place.real,
  staged: join(stagingOf(place, runId), basename(place.path)),
  leaving: named(place, 'leaving', runId),
  aside: asideOf(place, runId),
  displaced: `${named(place, 'displaced', runId)}-`,
});

export const swapOf = (place: LivePlace, runId: string): Swap & { readonly staged: string } => namesOf(place, runId);

/** What SQLite keeps beside a database, and replays into whatever database it finds there. */
const COMPANIONS = ['-wal', '-shm', '-journal'];

/** Of a single file: they belong to the old one, and must leave with it. */
export const companionSwapsOf = (place: LivePlace, runId: string): Swap[] =>
  COMPANIONS.map((suffix) => ({
    ...namesOf({ ...place, path: place.path + suffix, real: place.real + suffix }, runId),
    staged: null,
  }));

export const entrySwapOf = (place: LivePlace, runId: string): EntrySwap => {
  const own = (['restoring', 'leaving', 'entering'] as const).map((what) => siblingName(place.path, what, runId));
  return { ...namesOf(place, runId), own, entering: named(place, 'entering', runId) };
};
