// A dataset that is made for a migration. Unless it became live it is destroyed again: nothing ever ran on it, and its mark says which
// run made it. One that is live, or was, is left alone for ever.

import { duration } from '../../domain/duration.ts';
import { poolOf } from '../../domain/dataset.ts';
import type { EffectKind } from '../../domain/effect.ts';
import { MARK, markOf } from '../../domain/migration.ts';
import type { StepContext } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { textAt } from '../../lib/json.ts';
import { createDataset, mountDataset } from '../../tools/zfs/change.ts';
import { destroyDataset, unmountDataset } from '../../tools/zfs/destroy.ts';
import { getProperties } from '../../tools/zfs/get.ts';
import { listDatasets } from '../../tools/zfs/list.ts';
import { listPools } from '../../tools/zfs/pools.ts';
import { removeIfEmpty } from './swap-dataset.ts';

export const NEW_DATASET: EffectKind = {
  kind: 'new-dataset',
  independent: true, // the service needs nothing of it
  limit: () => duration(15, 'm'),
  async undo(payload, signal) {
    const [dataset, run, temporary] = ['dataset', 'run', 'temporary'].map((key) => textAt(payload, key));
    if (!dataset || !run || !temporary) return;
    await destroyUnlessLive(dataset, run, signal);
    await removeIfEmpty(temporary);
  },
};

async function destroyUnlessLive(dataset: string, run: string, signal: AbortSignal): Promise<void> {
  if (!(await listPools(signal)).has(poolOf(dataset)))
    throw left(dataset, `the pool ${poolOf(dataset)} is not imported`, `Import it: zpool import ${poolOf(dataset)}`);
  const all = await listDatasets(signal);
  const state = all.get(dataset);
  if (!state) return;
  const mark = markOf((await getProperties([dataset], signal)).get(dataset));
  if (mark?.state !== 'copying' || mark.run !== run) return;
  const child = [...all.keys()].find((name) => name.startsWith(`${dataset}/`));
  if (child !== undefined)
    throw left(dataset, `somebody made ${child} in it`, `Look at that, then: zfs destroy -r ${dataset}`);
  if (state.mounted) await unmountDataset(dataset, signal);
  await destroyDataset(dataset, signal);
}

const left = (dataset: string, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code: 'failed', operation: 'remove the half made', subject: dataset, message, hint, retry: 'later' });

export interface NewDataset {
  readonly dataset: string;
  readonly properties: Readonly<Record<string, string>>;
  /** Where it is mounted while it is filled; nothing is there. */
  readonly temporary: string;
  /** Where the old directory will be. */
  readonly aside: string;
}

/** Makes and mounts it; a boot does not mount it. Disposing destroys it, unless it is live by then. */
export async function holdNewDataset(
  context: StepContext,
  { dataset, properties, temporary, aside }: NewDataset,
): Promise<AsyncDisposable> {
  const { runId, signal } = context;
  return await context.hold(NEW_DATASET.kind, { dataset, run: runId, temporary }, async () => {
    const marks = { [MARK.state]: 'copying', [MARK.run]: runId, [MARK.from]: aside };
    await createDataset(dataset, { ...properties, ...marks, canmount: 'noauto', mountpoint: temporary }, signal);
    await mountDataset(dataset, signal);
  });
}
