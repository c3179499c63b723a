// Puts a dataset in the place of a directory, and back. What the dataset says of itself decides: one `zfs set` makes it live and mounts
// it at the path, in one transaction. The directory is renamed only while that dataset would cover it after a power cut, so that whatever
// boots finds all of the old data or all of the new.

import { rename, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { poolOf } from '../../domain/dataset.ts';
import { duration } from '../../domain/duration.ts';
import type { EffectKind } from '../../domain/effect.ts';
import { formatInstant } from '../../domain/instant.ts';
import { MARK, markOf } from '../../domain/migration.ts';
import type { StepContext } from '../../domain/plan.ts';
import { syncDirectory } from '../../lib/durable-file.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { type JsonObject, textAt } from '../../lib/json.ts';
import { leadsTo, mounts } from '../../repositories/mounts.ts';
import { isRunning, startUnit, stopUnit, unitState } from '../../tools/systemd/systemctl.ts';
import { mountDataset, setProperties } from '../../tools/zfs/change.ts';
import { unmountDataset } from '../../tools/zfs/destroy.ts';
import { getProperties } from '../../tools/zfs/get.ts';
import { listDatasets } from '../../tools/zfs/list.ts';
import { listPools } from '../../tools/zfs/pools.ts';
import { fileSystemFailure } from '../restore/file-system-failure.ts';
import { exists } from '../restore/moves.ts';

export interface DatasetSwap {
  readonly dataset: string;
  /** Where the data of the service belongs. */
  readonly path: string;
  /** Where the old directory is while the dataset is live. */
  readonly aside: string;
  readonly unit: string | null;
}

/** Whichever side is decided is completed: nothing is in between for longer than until the next start. */
export const DATASET_SWAP: EffectKind = {
  kind: 'dataset-swap',
  untilMade: true,
  limit: () => duration(10, 'm'),
  async undo(payload, signal) {
    const swap = swapOf(payload);
    if (await isLive(swap.dataset, signal)) await coverWithDataset(swap, signal);
    else await uncoverDirectory(swap, signal);
  },
};

/** The dataset is complete and mounted nowhere; the service is stopped. It cannot be cancelled. */
export async function goLive(context: StepContext, swap: DatasetSwap): Promise<void> {
  const { signal } = new AbortController(); // a few renames, and all or nothing
  const live = { canmount: 'on', mountpoint: swap.path, overlay: 'on', [MARK.state]: 'live' };
  await using _swap = await context.hold(DATASET_SWAP.kind, { ...swap }, async () => {
    await setProperties(swap.dataset, { ...live, [MARK.at]: formatInstant(context.now()) }, signal);
    await coverWithDataset(swap, signal);
  });
}

/** The service is stopped. `kept`: the mountpoint that the dataset has from then on; it is not mounted there. It cannot be cancelled. */
export async function goBack(context: StepContext, swap: DatasetSwap, kept: string): Promise<void> {
  const { signal } = new AbortController(); // as above
  await using _swap = await context.hold(DATASET_SWAP.kind, { ...swap }, async () => {
    await unmountIfMounted(swap.dataset, signal);
    await bringDirectoryBack(swap);
    await setProperties(swap.dataset, { canmount: 'noauto', mountpoint: kept, [MARK.state]: 'kept' }, signal);
    await uncoverDirectory(swap, signal);
  });
}

/** Throws where that cannot be known. A dataset that is not there is not live. */
export async function isLive(dataset: string, signal: AbortSignal): Promise<boolean> {
  if (!(await listPools(signal)).has(poolOf(dataset))) throw unknown(dataset);
  if (!(await listDatasets(signal)).has(dataset)) return false;
  const state = markOf((await getProperties([dataset], signal)).get(dataset))?.state;
  return state === 'live' || state === 'cleaning';
}

/** Of a dataset that is live: it is seen at the path, and the old directory is aside. */
async function coverWithDataset(swap: DatasetSwap, signal: AbortSignal): Promise<void> {
  const { dataset, path, aside } = swap;
  if (!(await exists(aside))) {
    // The old directory has the name still, with the dataset over it or not.
    await withoutUnit(swap, signal, async () => {
      await unmountIfMounted(dataset, signal);
      if (!(await exists(path)))
        throw failed(
          path,
          `neither ${aside} nor ${path} exists`,
          'Is the file system mounted that they are in? Nothing is changed until one is there.',
        );
      await told(path, async () => {
        await rename(path, aside);
        await syncDirectory(dirname(path));
      });
      await mountDataset(dataset, signal);
    });
  } else if (!(await isMounted(dataset, signal))) await mountDataset(dataset, signal);
  if ((await sourceAt(path)) !== dataset)
    throw failed(path, `${dataset} is mounted, and is not what is seen there`, `See what lies over it: findmnt -T ${path}`);
}

/** A boot may have started it on the dataset, which is complete; the old directory is beneath. */
async function withoutUnit({ unit }: DatasetSwap, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  const state = unit === null ? null : await unitState(unit, signal);
  if (unit === null || state === null || !isRunning(state)) return await work();
  await stopUnit(unit, signal);
  await using _started = { [Symbol.asyncDispose]: () => startUnit(unit, signal) };
  await work();
}

/** Of a dataset that is not live: the directory is seen at the path. */
async function uncoverDirectory(swap: DatasetSwap, signal: AbortSignal): Promise<void> {
  if ((await sourceAt(swap.path)) === swap.dataset) await unmountDataset(swap.dataset, signal);
  await bringDirectoryBack(swap);
}

/** Nothing happens where it is there already. */
async function bringDirectoryBack({ path, aside }: DatasetSwap): Promise<void> {
  if (!(await exists(aside))) return;
  await told(path, async () => {
    await removeIfEmpty(path); // what the dataset was mounted on; anything else stays, and is told
    if (await exists(path))
      throw failed(
        path,
        `something is in the way of the old directory, which is at ${aside}`,
        `Move it away: mv ${path} ${path}.found`,
      );
    await rename(aside, path);
    await syncDirectory(dirname(path));
  });
}

/** Whatever is in it keeps it. Gone also after a power cut: whoever removes it does not look for it again. */
export async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
    await syncDirectory(dirname(directory));
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
  }
}

/** What whoever opens the path sees as the root of a mount there; null where it is a directory of something. */
export async function sourceAt(path: string): Promise<string | null> {
  const led = await leadsTo(path);
  if (!led) return null;
  return (await mounts()).find(({ id, path: root }) => id === led.mount && root === led.path)?.source ?? null;
}

const isMounted = async (dataset: string, signal: AbortSignal): Promise<boolean> =>
  (await listDatasets(signal)).get(dataset)?.mounted === true;

export async function unmountIfMounted(dataset: string, signal: AbortSignal): Promise<void> {
  if (await isMounted(dataset, signal)) await unmountDataset(dataset, signal);
}

async function told(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw fileSystemFailure(error, 'exchange', path, 'See to what is said there; each start of Holdfast tries again.');
  }
}

const unknown = (dataset: string): HoldfastError =>
  failed(
    dataset,
    `the pool ${poolOf(dataset)} is not imported: nobody can say whether the service runs on it`,
    `Import it: zpool import ${poolOf(dataset)}`,
  );

const failed = (subject: string, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code: 'failed', operation: 'exchange', subject, message, hint, retry: 'later' });

/** The payload is what `hold` was given: see above. */
const swapOf = (payload: JsonObject): DatasetSwap => ({
  dataset: textAt(payload, 'dataset'),
  path: textAt(payload, 'path'),
  aside: textAt(payload, 'aside'),
  unit: textAt(payload, 'unit') || null,
});
