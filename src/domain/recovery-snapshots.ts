// Which snapshot lost data comes back from: the newest in which there is all of it. Those taken after the loss are empty; one that was
// taken while it was being lost has much less than those before it. Pure.

import type { Instant } from './instant.ts';
import { isFarSmaller, median, NEWEST } from './shrunk.ts';

/** Snapshots of one name, of every dataset that holds a part of the data. */
export interface SnapshotSet {
  readonly name: string;
  /** When the first of them was taken: what was written since is not certain to be in all. */
  readonly at: Instant;
  /** Bytes, of all of them. */
  readonly referenced: number;
  /** Each is the same as the one before it, which is in the next older set. */
  readonly unchanged: boolean;
}

interface Member {
  readonly name: string;
  readonly createtxg: number;
  readonly creation: Instant;
  readonly referenced: number;
  readonly unchanged: boolean;
  readonly temporary: boolean;
}

/** `datasets`: the snapshots of each. Newest first, by the order in which the first dataset got them, whatever the clock said. */
export function setsOf(datasets: readonly (readonly Member[])[]): SnapshotSet[] {
  const [first = [], ...others] = datasets.map((members) =>
    members.filter(({ temporary }) => !temporary).toSorted((one, other) => other.createtxg - one.createtxg),
  );
  const byName = others.map((members) => new Map(members.map((member) => [member.name, member])));
  const sets = first.flatMap((member) => {
    const same = byName.flatMap((members) => members.get(member.name) ?? []);
    return same.length < others.length ? [] : [{ name: member.name, members: [member, ...same] }];
  });
  const whole = datasets.every((members) => members.length === sets.length); // otherwise one in between may be of no set
  return sets.map(({ name, members }) => ({
    name,
    at: Math.min(...members.map(({ creation }) => creation)) as Instant,
    referenced: members.reduce((sum, { referenced }) => sum + referenced, 0),
    unchanged: whole && members.every(({ unchanged }) => unchanged),
  }));
}

/** What is found at the paths in a set: `all` where every one that had data has data, `part` where only some do. */
export type Found = 'all' | 'part' | 'nothing';

export interface PassedOver {
  readonly set: SnapshotSet;
  /** `shrunk`: it has data, and less than half of what those before it have. */
  readonly why: 'part' | 'nothing' | 'shrunk';
}

export type SetChoice =
  | { readonly kind: 'look'; readonly at: SnapshotSet }
  | { readonly kind: 'chosen'; readonly set: SnapshotSet; readonly passed: readonly PassedOver[] }
  | { readonly kind: 'none'; readonly passed: readonly PassedOver[] };

/** `sets`: newest first; `looked`: what was found, by name. Asks to look no deeper than it must. */
export function chooseSet(sets: readonly SnapshotSet[], looked: ReadonlyMap<string, Found>): SetChoice {
  const passed: PassedOver[] = [];
  let last: Found | null = null;
  for (const [index, set] of sets.entries()) {
    const same = index > 0 && sets[index - 1]?.unchanged === true;
    const found: Found | undefined = looked.get(set.name) ?? (same ? (last ?? undefined) : undefined);
    if (found === undefined) return { kind: 'look', at: set };
    last = found;
    if (found === 'all' && !isShrunk(set, sets.slice(index + 1))) return { kind: 'chosen', set, passed };
    passed.push({ set, why: found === 'all' ? 'shrunk' : found });
  }
  // less than there was, and more than nothing
  const best = passed.findIndex(({ why }) => why === 'shrunk');
  const shrunk = passed[best];
  return shrunk ? { kind: 'chosen', set: shrunk.set, passed: passed.slice(0, best) } : { kind: 'none', passed };
}

/** A removal on purpose is in more than one snapshot, sooner or later; then what is before them is as small. */
const isShrunk = ({ referenced }: SnapshotSet, older: readonly SnapshotSet[]): boolean =>
  isFarSmaller(referenced, median(older.slice(0, NEWEST).map((set) => set.referenced)) ?? 0);

/** An empty dataset refers to less. */
const MORE_THAN_NOTHING = 1024 * 1024;

/** Which it will probably be where nobody can look before it is here. Null where there are none. */
export const likelySet = (sets: readonly SnapshotSet[]): SnapshotSet | null =>
  sets.find(({ referenced }) => referenced > MORE_THAN_NOTHING) ?? sets[0] ?? null;
