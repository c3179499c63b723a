// Where a restore is staged and where the old data is kept: names that carry the run's id, so that nothing else has them.

import { basename, dirname, join } from 'node:path';
import type { LivePlace } from './destination.ts';
import type { EntrySwap } from './promote-entries.ts';
import type { Swap } from './promote.ts';

/** `.sonarr.restoring-01J...`: beside what it is about, and within what a name may have (255 bytes). */
export function siblingName(
  path: string,
  what: 'restoring' | 'before' | 'moving' | 'created-meanwhile',
  runId: string,
): string {
  const name = Buffer.from(basename(path));
  return `.${name
    .subarray(0, 180)
    .toString()
    .replace(/\uFFFD+$/, '')}.${what}-${runId}`;
}

/** Beside the path, or inside of it where it stays. */
const placed = ({ path, keepsDirectory }: LivePlace, name: string): string =>
  join(keepsDirectory ? path : dirname(path), name);
export const stagingOf = (place: LivePlace, runId: string): string =>
  placed(place, siblingName(place.path, 'restoring', runId));
export const asideOf = (place: LivePlace, runId: string): string => placed(place, siblingName(place.path, 'before', runId));

export const swapOf = (place: LivePlace, runId: string): Swap => ({
  path: place.path,
  staged: join(stagingOf(place, runId), basename(place.path)),
  aside: asideOf(place, runId),
  intruder: placed(place, siblingName(place.path, 'created-meanwhile', runId)),
});

export const entrySwapOf = (place: LivePlace, runId: string): EntrySwap => {
  const moving = siblingName(place.path, 'moving', runId);
  return {
    path: place.path,
    staged: join(stagingOf(place, runId), basename(place.path)),
    own: [siblingName(place.path, 'restoring', runId), moving],
    moving: placed(place, moving),
    aside: asideOf(place, runId),
  };
};
