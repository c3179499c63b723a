// The files of its log that a server has finished, and still knows about: by when each was finished, and which of them wait to be
// archived. Pure. A file that comes into an archive late is no younger for it.

import { elapsed, type Instant } from './instant.ts';
import type { Duration } from './duration.ts';

export interface FinishedFile {
  readonly file: string;
  /** It is not archived yet. */
  readonly waits: boolean;
  /** When it was finished: what was committed later is not in it. */
  readonly at: Instant;
}

export interface Backlog {
  readonly count: number;
  readonly oldest: FinishedFile | null;
}

/** By when the server had left a file; null where it does not know any more. */
export function leftAt(finished: readonly FinishedFile[], file: string): Instant | null {
  const own = finished.find((each) => each.file === file);
  const later = finished.filter((each) => placeOf(each.file) > placeOf(file));
  return own ? own.at : (earliest(later)?.at ?? null);
}

export function backlogOf(finished: readonly FinishedFile[]): Backlog {
  const waiting = finished.filter(({ waits }) => waits);
  return { count: waiting.length, oldest: earliest(waiting) };
}

/**
 * Names of those that the server takes for archived and that come after the last one that is, in order. Of those that it does not know
 * any more it remembers the newest: `archived`.
 */
export const takenForArchived = (
  finished: readonly FinishedFile[],
  archived: Pick<FinishedFile, 'file'> | null,
  last: string,
): string[] => {
  const taken = [
    ...finished.filter(({ waits }) => !waits),
    ...(archived && /^[0-9A-F]{24}$/.test(archived.file) ? [archived] : []),
  ];
  const after = taken.filter(({ file }) => file.slice(0, 8) === last.slice(0, 8) && placeOf(file) > placeOf(last));
  return [...new Set(after.map(({ file }) => file))].toSorted();
};

/** How long the oldest of them has waited; null where none does. */
export const waitOf = ({ oldest }: Backlog, now: Instant): Duration | null =>
  oldest === null ? null : elapsed(oldest.at, now);

/** Files of one server sort by that, whatever their size; the first eight digits are the timeline. */
const placeOf = (file: string): string => file.slice(8);

const earliest = (files: readonly FinishedFile[]): FinishedFile | null =>
  files.reduce<FinishedFile | null>((first, each) => (first && first.at <= each.at ? first : each), null);
