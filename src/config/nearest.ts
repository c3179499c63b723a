// The valid name that somebody probably meant.

import { closest, distance } from 'fastest-levenshtein';

/** The candidate nearest to a misspelt name, or null when none is near enough to be worth suggesting. */
export function nearest(wrong: string, candidates: readonly string[]): string | null {
  if (candidates.length === 0 || wrong.length > 100) return null;
  const folded = candidates.find((candidate) => fold(candidate) === fold(wrong));
  if (folded !== undefined) return folded;
  const near = closest(wrong, candidates);
  const [typed, meant] = [wrong.toLowerCase(), near.toLowerCase()];
  const allowed = Math.floor(Math.max(typed.length, meant.length) / 3);
  return distance(typed, meant) <= allowed || isSwap(typed, meant) ? near : null;
}

/** Two neighbours have changed places, which counts as two changes otherwise. */
function isSwap(one: string, other: string): boolean {
  const at = [...one].findIndex((letter, index) => letter !== other[index]);
  return at !== -1 && `${one.slice(0, at)}${one[at + 1]}${one[at]}${one.slice(at + 2)}` === other;
}

/** pass_file, pass-file and PassFile are one name to a person. */
const fold = (name: string): string => name.replaceAll(/[-_]/g, '').toLowerCase();
