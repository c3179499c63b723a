// The valid name that somebody probably meant.

import { closest, distance } from 'fastest-levenshtein';

/** The candidate nearest to a misspelt name, or null when none is near enough to be worth suggesting. */
export function nearest(wrong: string, candidates: readonly string[]): string | null {
  if (candidates.length === 0 || wrong.length > 100) return null;
  const folded = candidates.find((candidate) => fold(candidate) === fold(wrong));
  if (folded !== undefined) return folded;
  const near = closest(wrong, candidates);
  return distance(wrong.toLowerCase(), near.toLowerCase()) <= Math.max(1, Math.ceil(near.length / 3)) ? near : null;
}

/** pass_file, pass-file and PassFile are one name to a person. */
const fold = (name: string): string => name.replaceAll(/[-_]/g, '').toLowerCase();
