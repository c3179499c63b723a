// What a backup leaves out is not in what comes back: a restore in place leaves it with the old data. Here is what that
// concerns, so that it can be told.

import { join } from 'node:path';
import { contains, normalPath } from '../../config/repository-url.ts';
import { exists } from './moves.ts';
import { asideOf, type LivePlace } from './restore-places.ts';

export interface LeftOut {
  readonly path: string;
  /** Where it is after the restore of this run. */
  readonly keptAt: string;
}

/** The excluded paths that are there now, below these places. */
export async function leftOutOf(
  places: readonly LivePlace[],
  exclude: readonly string[],
  runId: string,
): Promise<LeftOut[]> {
  const found: LeftOut[] = [];
  for (const path of exclude.flatMap((pattern) => literalOf(pattern) ?? [])) {
    for (const place of places) {
      const outer = [place.path, place.real].find((each) => contains(each, path));
      if (outer === undefined) continue;
      const inside = path.slice(outer.length);
      if (await exists(place.real + inside)) found.push({ path, keptAt: join(asideOf(place, runId), inside) }); // oxlint-disable-line no-await-in-loop -- a handful
    }
  }
  return found;
}

/** Those of which nobody knows without looking at everything what they match. */
export const patternsOf = (exclude: readonly string[]): string[] => exclude.filter((pattern) => literalOf(pattern) === null);

/** The path that a pattern of restic stands for; null when it may stand for several. */
function literalOf(pattern: string): string | null {
  if (!pattern.startsWith('/') || /(?<!\\)[*?[]/.test(pattern)) return null;
  return normalPath(pattern.replaceAll(/\\(.)/g, '$1'));
}
