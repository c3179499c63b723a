// Destroying many snapshots of one dataset with few processes. Never a range: that would take those of others between. ZFS destroys all
// of a call or none; what cannot go (held, cloned, in use) is left out, and the rest is tried again.

import { fullName } from '../../domain/zfs-snapshot.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { destroySnapshots } from '../../tools/zfs/snapshots.ts';
import { namedIn } from './take-together.ts';

type Destroy = typeof destroySnapshots;

/** Bytes of names in one argument, of which the kernel takes 131072. */
const MOST = 100_000;

/** Names without the dataset. Those that stay with why; throws what concerns all of them, and when cancelled. */
export async function destroyBatch(
  dataset: string,
  names: readonly string[],
  signal: AbortSignal,
  destroy: Destroy = destroySnapshots,
): Promise<ReadonlyMap<string, HoldfastError>> {
  const stay = new Map<string, HoldfastError>();
  const batches = inBatches(names);
  for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
    const error = await trying(() => destroy(dataset, batch, signal)); // oxlint-disable-line no-await-in-loop -- ZFS does one at a time
    if (error === null || GONE.test(error.message)) continue;
    const stuck = batch.filter((name) => namedIn(error, [fullName({ dataset, name })]).size > 0);
    for (const name of stuck) stay.set(name, error);
    const rest = batch.filter((name) => !stuck.includes(name));
    if (stuck.length > 0) batches.push(...(rest.length > 0 ? [rest] : []));
    else if (batch.length > 1) batches.push(...halves(batch));
    else for (const name of batch) stay.set(name, error);
  }
  return stay;
}

/** All of them: somebody else was faster. */
const GONE = /could not find any snapshots to destroy/;

async function trying(act: () => Promise<void>): Promise<HoldfastError | null> {
  try {
    await act();
    return null;
  } catch (error) {
    // `bug`: the list of arguments was too long; the others are about one of them
    const isOfOne = error instanceof HoldfastError && ['busy', 'tool-failed', 'bug'].includes(error.code);
    if (!isOfOne) throw error;
    return error;
  }
}

/** What is destroyed first comes last, in both. */
const halves = (all: readonly string[]): string[][] => {
  const middle = Math.ceil(all.length / 2);
  return [all.slice(middle), all.slice(0, middle)];
};

function inBatches(names: readonly string[]): string[][] {
  const batches: string[][] = [];
  let room = 0;
  for (const name of names) {
    if (room < name.length + 1) {
      batches.unshift([]);
      room = MOST;
    }
    batches[0]?.push(name);
    room -= name.length + 1;
  }
  return batches;
}
