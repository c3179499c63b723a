// Puts restored data in the place of the old, in all places of a service together, and keeps the old. What is there, under
// which names, is the record of how far that came, and what undoing goes by: so it does not matter which numbers a file system
// has after a reboot, or what was created meanwhile. Nothing is ever removed here.

import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { type JsonObject, textAt } from '../../lib/json.ts';
import { exists } from './moves.ts';
import {
  assertNewEntriesThere,
  assertOldEntriesThere,
  bringEntries,
  type EntrySwap,
  isPastReturn,
  moveEntriesOut,
  putEntriesBack,
  toPointOfNoReturn,
} from './swap-entries.ts';
import {
  assertNewThere,
  assertOldThere,
  bringIn,
  isDecided,
  keepOld,
  moveIn,
  moveOut,
  notStaged,
  putBack,
  type RecordedSwap,
  type Swap,
} from './swap-paths.ts';

export interface Places {
  /** Directories that stay. */
  readonly entries: readonly EntrySwap[];
  /** What is exchanged as a whole. */
  readonly swaps: readonly Swap[];
}

interface RecordedPlaces extends Places {
  readonly swaps: readonly RecordedSwap[];
}

/**
 * All of the old leaves, then all of the new comes. Where a directory stays, the first of the new marks the point of no return,
 * for every place: it cannot be taken back with one rename. Elsewhere the old is put back unless all of the new is there.
 */
export const PROMOTION: EffectKind = {
  kind: 'promotion',
  untilMade: true,
  async undo(payload, signal) {
    const places = placesOf(payload);
    if (await isDecidedIn(places)) await finish(places, signal);
    else await takeBack(places, signal);
  },
};

/** All places, or none: when it fails the old data is back in each, or the error says where the new is not yet. It cannot be cancelled. */
export async function promote(context: StepContext, { entries, swaps }: Places): Promise<void> {
  if (entries.length + swaps.length === 0) return;
  await Promise.all(
    [...entries, ...swaps].map(async ({ path, staged }) => {
      if (staged !== null && !(await exists(staged))) throw notStaged(path, staged);
    }),
  );
  const recorded = await Promise.all(swaps.map(async (swap) => ({ ...swap, formerly: await exists(swap.path) })));
  const payload = { entries: entries.map((swap) => ({ ...swap })), swaps: recorded };
  const { signal } = new AbortController(); // a few renames, and all or nothing
  await using _swap = await context.hold(PROMOTION.kind, payload, async () => {
    /* oxlint-disable no-await-in-loop -- one after the other */
    for (const swap of entries) await moveEntriesOut(swap, signal);
    for (const swap of recorded) await moveOut(swap);
    for (const swap of entries) await toPointOfNoReturn(swap);
    for (const swap of recorded) await moveIn(swap);
    for (const swap of entries) await bringEntries(swap, signal);
    await keepOld(recorded);
    /* oxlint-enable no-await-in-loop */
  });
}

const isDecidedIn = async ({ entries, swaps }: RecordedPlaces): Promise<boolean> =>
  entries.length === 0 ? await isDecided(swaps) : (await Promise.all(entries.map(isPastReturn))).includes(true);

/** That all of it is there is certain before anything is changed, in this and the other direction. */
async function finish({ entries, swaps }: RecordedPlaces, signal: AbortSignal): Promise<void> {
  /* oxlint-disable no-await-in-loop -- one after the other */
  for (const swap of entries) await assertNewEntriesThere(swap);
  for (const swap of swaps) await assertNewThere(swap);
  for (const swap of entries) await toPointOfNoReturn(swap);
  for (const swap of swaps) await bringIn(swap);
  for (const swap of entries) await bringEntries(swap, signal);
  await keepOld(swaps);
  /* oxlint-enable no-await-in-loop */
}

async function takeBack({ entries, swaps }: RecordedPlaces, signal: AbortSignal): Promise<void> {
  /* oxlint-disable no-await-in-loop -- one after the other */
  for (const swap of entries) await assertOldEntriesThere(swap);
  for (const swap of swaps) await assertOldThere(swap);
  for (const swap of swaps.toReversed()) await putBack(swap);
  for (const swap of entries.toReversed()) await putEntriesBack(swap, signal);
  /* oxlint-enable no-await-in-loop */
}

/** The payload is what `promote` wrote: see there. */
const placesOf = (payload: JsonObject): RecordedPlaces => ({
  entries: objectsAt(payload, 'entries').map((swap) => ({
    ...namesOf(swap),
    staged: textAt(swap, 'staged'),
    own: Array.isArray(swap['own']) ? swap['own'].map(String) : [],
    entering: textAt(swap, 'entering'),
  })),
  swaps: objectsAt(payload, 'swaps').map((swap) => ({
    ...namesOf(swap),
    staged: textAt(swap, 'staged') || null,
    formerly: swap['formerly'] === true,
  })),
});

const namesOf = (swap: JsonObject): Omit<Swap, 'staged'> => ({
  path: textAt(swap, 'path'),
  leaving: textAt(swap, 'leaving'),
  aside: textAt(swap, 'aside'),
  displaced: textAt(swap, 'displaced'),
});

const objectsAt = (payload: JsonObject, key: string): JsonObject[] => {
  const found = payload[key];
  return Array.isArray(found) ? found : [];
};
