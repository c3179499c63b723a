// Where a replica is received to be copied from: datasets of our own beside the live one, never mounted for others to see. Undone by
// destroying what its mark and its name say that this run made.

import { poolOf, parentOf } from '../../../domain/dataset.ts';
import { duration } from '../../../domain/duration.ts';
import type { EffectKind } from '../../../domain/effect.ts';
import type { StepContext } from '../../../domain/plan.ts';
import { receivedName } from '../../../domain/replication-names.ts';
import { HoldfastError } from '../../../lib/errors.ts';
import { textAt } from '../../../lib/json.ts';
import { untilFree } from '../../../sources/snapshots/busy.ts';
import { createDataset } from '../../../tools/zfs/change.ts';
import { destroyDataset } from '../../../tools/zfs/destroy.ts';
import { getProperties } from '../../../tools/zfs/get.ts';
import { listDatasets } from '../../../tools/zfs/list.ts';
import { listPools } from '../../../tools/zfs/pools.ts';

const MARK = 'holdfast:recovery';

export const RECEIVED: EffectKind = {
  kind: 'received-replica',
  independent: true, // what was restored from it does not need it
  limit: () => duration(15, 'm'),
  async undo(payload, signal) {
    const [holder, run] = [textAt(payload, 'holder'), textAt(payload, 'run')];
    if (!holder || !run) return;
    if (!(await listPools(signal)).has(poolOf(holder))) throw notImported(holder);
    if (!(await listDatasets(signal)).has(holder)) return;
    const mark = (await getProperties([holder], signal)).get(holder)?.get(MARK);
    if (mark?.value !== run || mark.source.kind !== 'local') return;
    await untilFree(holder, () => isDestroyed(holder, signal), signal, duration(2, 'm')); // what is received there may still be dying
  },
};

async function isDestroyed(holder: string, signal: AbortSignal): Promise<boolean> {
  try {
    await destroyDataset(holder, signal);
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'busy') return false;
    throw error;
  }
}

const notImported = (holder: string): HoldfastError =>
  new HoldfastError({
    code: 'not-mounted',
    operation: 'destroy what was received in',
    subject: holder,
    message: `the pool ${poolOf(holder)} is not imported, so that it stays there`,
    hint: `zpool import ${poolOf(holder)}; the next run then destroys it.`,
    retry: 'later',
  });

/** The name of what holds them, in which nothing is yet. `number`: there may be several in a run. */
export async function holdReceived(
  context: StepContext,
  dataset: string,
  number: number,
): Promise<AsyncDisposable & { readonly holder: string }> {
  const { runId, signal } = context;
  const holder = `${parentOf(dataset) ?? dataset}/${receivedName(runId, number)}`;
  const effect = await context.hold(RECEIVED.kind, { holder, run: runId }, async () => {
    await createDataset(holder, { canmount: 'off', mountpoint: 'none', [MARK]: runId }, signal);
  });
  return { holder, [Symbol.asyncDispose]: () => effect[Symbol.asyncDispose]() };
}
