// Destroying what is to go in a pool: first all that can go by one program of ZFS, then what is left dataset by dataset, which also says
// why it stays. What became of it is told by a listing alone, of just these: the others would be most of the work.

import type { StepContext } from '../../domain/plan.ts';
import { fullName, type ZfsSnapshot } from '../../domain/zfs-snapshot.ts';
import type { HoldfastError } from '../../lib/errors.ts';
import { destroyWhatCanGo } from '../../tools/zfs/destroy-program.ts';
import { stillThere } from '../../tools/zfs/points.ts';
import { destroyBatch } from './destroy-batch.ts';
import { tryIt } from './take-together.ts';

type Snapshot = Pick<ZfsSnapshot, 'dataset' | 'name'>;

/** What is done to the pool, and seen of it. */
export interface Destroying {
  readonly together: typeof destroyWhatCanGo;
  readonly batch: typeof destroyBatch;
  readonly listed: typeof stillThere;
}
const REAL: Destroying = { together: destroyWhatCanGo, batch: destroyBatch, listed: stillThere };

export interface Destroyed {
  /** By full name, those that are still there. */
  readonly left: ReadonlySet<string>;
  /** By full name, why one of them could not go. */
  readonly stuck: ReadonlyMap<string, HoldfastError>;
}

/** Throws what concerns all of them, and when cancelled. */
export async function destroyAll(
  pool: string,
  wanted: readonly Snapshot[],
  { signal, progress }: Pick<StepContext, 'signal' | 'progress'>,
  { together, batch, listed }: Destroying = REAL,
): Promise<Destroyed> {
  const stuck = new Map<string, HoldfastError>();
  if (wanted.length === 0) return { left: new Set(), stuck };
  await tryIt(() => together(pool, wanted, signal)); // who is not root may still be allowed to, dataset by dataset
  const left = await listed(wanted.map(fullName), signal);
  const rest = Map.groupBy(
    wanted.filter((each) => left.has(fullName(each))),
    ({ dataset }) => dataset,
  );
  if (rest.size === 0) return { left, stuck };
  for (const [index, [dataset, snapshots]] of [...rest].entries()) {
    progress({ filesDone: index, filesTotal: rest.size, message: dataset });
    const names = snapshots.map(({ name }) => name);
    const stay = await batch(dataset, names, signal); // oxlint-disable-line no-await-in-loop -- ZFS does one at a time
    for (const [name, error] of stay) stuck.set(fullName({ dataset, name }), error);
  }
  return { left: await listed([...left], signal), stuck };
}
