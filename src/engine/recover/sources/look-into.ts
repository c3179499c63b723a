// What of lost data is in a snapshot: it is mounted where only we see it, and looked at as the live paths are.

import { lstat } from 'node:fs/promises';
import type { Found } from '../../../domain/recovery-snapshots.ts';
import { errnoOf } from '../../../lib/errors.ts';
import { type HeldView, holdView } from '../../../tools/util-linux/held-view.ts';
import { contentOf } from '../../../tools/util-linux/probe.ts';
import { noData } from '../look-at-paths.ts';
import { coversOf, type Origin, type Origins } from './origins.ts';

/** `snapshotOf`: by dataset. Throws as `holdView`. */
export const viewOf = (origins: Origins, snapshotOf: (dataset: string) => string, signal: AbortSignal): Promise<HeldView> =>
  holdView(
    { covers: coversOf(origins, snapshotOf), kept: [] },
    origins.datasets.map((dataset) => snapshotOf(dataset)).join(', '),
    signal,
  );

export interface Looked {
  readonly found: Found;
  /** Those of the paths that are there. */
  readonly there: readonly Origin[];
}

/** What a directory has that Holdfast leaves in it is no data. Throws `failed` when it cannot be looked at. */
export async function lookInto({ root }: HeldView, { paths }: Origins, signal: AbortSignal): Promise<Looked> {
  const states = await Promise.all(paths.map(async (origin) => ({ origin, state: await stateIn(root, origin, signal) })));
  const missed = states.filter(({ origin, state }) => !origin.wasEmpty && state !== 'data');
  const data = states.filter(({ state }) => state === 'data');
  const there = states.filter(({ state }) => state !== 'absent').map(({ origin }) => origin);
  return { found: data.length === 0 ? 'nothing' : missed.length === 0 ? 'all' : 'part', there };
}

/** A link would lead out of the view: there is no data of this path in it. */
async function stateIn(root: string, { path, real }: Origin, signal: AbortSignal): Promise<'data' | 'empty' | 'absent'> {
  try {
    if ((await lstat(root + real)).isSymbolicLink()) return 'absent';
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
    return 'absent';
  }
  return await contentOf(root + real, noData(path), signal);
}
