// What of a repository was read when, and which damage stands: pure, from the `verify` and `damage` evidence. Damage stands
// until something that would have met it again found it mended; that nobody looked again mends nothing.

import type { JsonObject } from '../lib/json.ts';
import type { Instant } from './instant.ts';
import type { Share } from './percentage.ts';

/** One of `of` parts of a repository's data: those packs of which the name's first byte modulo `of` is `index - 1`. */
export interface Slice extends JsonObject {
  /** From 1. */
  readonly index: number;
  /** At most 256. */
  readonly of: number;
}

/** Something in a repository that is not as it should be. */
export interface Flaw extends JsonObject {
  /**
   * A file by its directory and name, `data/<64 hex>`, `index/...`, `snapshots/...`, `keys/...`, `config`; or `structure`
   * where the tool named none.
   */
  readonly item: string;
  /** `missing`: something refers to it, and it is not there. */
  readonly problem: 'missing' | 'damaged';
}

/** The `detail` of `verify` evidence, beside `place`: where the repository was. */
export interface Verification extends JsonObject {
  /**
   * - `check`: restic read the structure (index, snapshots, trees) with the key, and decrypted the data of the slice.
   * - `names`: each file of the slice, and every index, snapshot and key, has the SHA-256 that is its name. Needs no key.
   */
  readonly how: 'check' | 'names';
  /** What of the data was read; null for none of it. */
  readonly slice: Slice | null;
  readonly flaws: readonly Flaw[];
  /** Flaws of earlier times that were looked for and are in the repository no more: repaired or pruned. */
  readonly gone: readonly string[];
  readonly bytesRead: number | null;
}

/** The `detail` of `damage` evidence: what of one snapshot can no longer be read. */
export interface Damage extends JsonObject {
  /** Items of the flaws that it comes from. */
  readonly items: readonly string[];
  /** The first of the paths in the snapshot that are affected. */
  readonly paths: readonly string[];
  /** How many there are; null where it could not be told: perhaps all. */
  readonly pathCount: number | null;
}

export interface VerificationFact {
  /** The run that it comes from: ids of runs sort by time also where a clock was wrong. */
  readonly runId: string;
  readonly at: Instant;
  readonly detail: Verification;
}

export const EVERYTHING: Slice = { index: 1, of: 1 };

export const isEverything = ({ of }: Slice): boolean => of === 1;

/** In how many parts the data is divided so that each is about this share of it. */
export const roundsOf = (share: Share): number => Math.min(MOST_ROUNDS, Math.ceil(1 / share));

/** Data is divided by the first byte of its names. */
const MOST_ROUNDS = 256;

/** `pack` is the name of a file in data/. */
export const isInSlice = (pack: string, { index, of }: Slice): boolean =>
  Number.parseInt(pack.slice(0, 2), 16) % of === index - 1;

/** The one after the last that was read in this division by the same means; every slice comes up once in `of` runs. */
export function nextSlice(facts: readonly VerificationFact[], how: Verification['how'], of: number): Slice {
  const last = inOrder(facts).findLast(({ detail }) => detail.how === how && detail.slice?.of === of);
  return { index: ((last?.detail.slice?.index ?? 0) % of) + 1, of };
}

/** Since when every byte of the data has been read by these means; null while some has not been. */
export function allReadSince(facts: readonly VerificationFact[], how: Verification['how']): Instant | null {
  const unread = new Set(FIRST_BYTES);
  for (const { at, detail } of inOrder(facts).toReversed()) {
    const { slice } = detail;
    if (detail.how !== how || slice === null) continue;
    for (const byte of unread) if (byte % slice.of === slice.index - 1) unread.delete(byte);
    if (unread.size === 0) return at;
  }
  return null;
}

const FIRST_BYTES = Array.from({ length: 256 }, (_, byte) => byte);

/** A flaw that stands, by whose means it was met and when first. */
export interface StandingFlaw extends Flaw {
  readonly since: Instant;
  readonly how: Verification['how'];
}

/** By item. */
export function standingFlaws(facts: readonly VerificationFact[]): ReadonlyMap<string, StandingFlaw> {
  const standing = new Map<string, StandingFlaw>();
  for (const { at, detail } of inOrder(facts)) {
    const met = new Set(detail.flaws.map(({ item }) => item));
    const gone = new Set(detail.gone);
    for (const flaw of standing.values()) {
      if (gone.has(flaw.item) || (!met.has(flaw.item) && wouldMeet(detail, flaw))) standing.delete(flaw.item);
    }
    for (const flaw of detail.flaws) {
      const before = standing.get(flaw.item);
      const how = before?.how === 'check' ? 'check' : detail.how;
      standing.set(flaw.item, { ...flaw, since: before?.since ?? at, how });
    }
  }
  return standing;
}

/** Whether this verification would have found that flaw, if it were still there. */
function wouldMeet({ how, slice }: Verification, flaw: StandingFlaw): boolean {
  const [directory, name] = flaw.item.split('/');
  const isRead = directory !== 'data' || name === undefined || (slice !== null && isInSlice(name, slice));
  if (how === 'names') return flaw.how === 'names' && isRead; // that a name fits says nothing of what is inside
  if (directory === 'keys') return false; // restic reads the key that opens, and no other
  return flaw.problem === 'missing' || isRead; // what is missing the structure tells
}

const inOrder = (facts: readonly VerificationFact[]): VerificationFact[] =>
  facts.toSorted((a, b) => (a.runId === b.runId ? a.at - b.at : a.runId < b.runId ? -1 : 1));
