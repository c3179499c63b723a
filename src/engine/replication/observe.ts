// What both sides of a target have, looked at: a handful of calls, however many datasets there are.

import type { ReplicationTarget } from '../../config/configuration.ts';
import { isReceived, isWithin, placeOf, replicaOf } from '../../domain/replication-names.ts';
import type { SourceSide, TargetSide } from '../../domain/replication.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { HERE, type ZfsEnd } from '../../tools/zfs/end.ts';
import { type DatasetPoints, listPoints } from '../../tools/zfs/points.ts';
import { readToken } from '../../tools/zfs/stream.ts';

export interface Pair {
  readonly type: DatasetPoints['type'];
  readonly source: SourceSide;
  readonly target: TargetSide;
}

/** The datasets of a target, from the top down. `only`: of these, and those beneath them; empty: all. Throws `source-missing`. */
export async function observeSources(
  { datasets, exclude }: Pick<ReplicationTarget, 'datasets' | 'exclude'>,
  only: readonly string[],
  signal: AbortSignal,
): Promise<(SourceSide & Pick<DatasetPoints, 'type'>)[]> {
  const found = await listPoints(HERE, datasets, true, signal);
  const missing = datasets.find((each) => !found.has(each));
  if (missing !== undefined) throw noSource(missing);
  return [...found.values()]
    .filter(({ name }) => !isWithin(name, exclude) && !isReceived(name) && (only.length === 0 || isWithin(name, only)))
    .map((each) => ({ ...sourceOf(each), type: each.type }));
}

const sourceOf = ({ name, snapshots, bookmarks, encrypted, readable }: DatasetPoints): SourceSide => ({
  dataset: name,
  snapshots,
  bookmarks,
  encrypted,
  readable,
});

/** The replicas of these. Throws as `askAt`, and `failed` where the pool is not there: what is away has not gone. */
export async function observeReplicas(
  destination: string,
  datasets: readonly string[],
  end: ZfsEnd,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TargetSide>> {
  const { dataset: root } = placeOf(destination);
  const found = await listPoints(end, [root], true, signal);
  if (found.size === 0) await assertPool(root, end, signal);
  const sides = datasets.map(async (dataset): Promise<[string, TargetSide]> => {
    const replica = replicaOf(root, dataset);
    return [dataset, await targetOf(replica, found.get(replica), signal)];
  });
  return new Map(await Promise.all(sides));
}

async function assertPool(root: string, end: ZfsEnd, signal: AbortSignal): Promise<void> {
  const [pool = root] = root.split('/');
  if ((await listPoints(end, [pool], false, signal)).has(pool)) return;
  throw new HoldfastError({
    code: 'failed',
    operation: 'look at',
    subject: root,
    message: `the pool ${pool} is not imported on ${end.host ?? 'this machine'}`,
    hint: `See: zpool import. What was sent there is not gone as long as its disks are not.`,
    retry: 'later',
  });
}

const targetOf = async (dataset: string, found: DatasetPoints | undefined, signal: AbortSignal): Promise<TargetSide> => ({
  dataset,
  exists: found !== undefined,
  snapshots: found?.snapshots ?? [],
  written: found?.written ?? 0,
  encrypted: found?.encrypted ?? false,
  token: found?.token ? await readToken(found.token, dataset, signal) : null,
});

/** One dataset anew, without those beneath it. */
export async function observePair(dataset: string, destination: string, end: ZfsEnd, signal: AbortSignal): Promise<Pair> {
  const replica = replicaOf(placeOf(destination).dataset, dataset);
  const [sources, replicas] = await Promise.all([
    listPoints(HERE, [dataset], false, signal),
    listPoints(end, [replica], false, signal),
  ]);
  const here = sources.get(dataset);
  if (here === undefined) throw noSource(dataset);
  return { type: here.type, source: sourceOf(here), target: await targetOf(replica, replicas.get(replica), signal) };
}

const noSource = (dataset: string): HoldfastError =>
  new HoldfastError({
    code: 'source-missing',
    operation: 'replicate',
    subject: dataset,
    message: 'there is no such dataset on this machine',
    hint: 'Is its pool imported? See: zpool list; zfs list. Otherwise take it out of replication.zfs.targets.',
    retry: 'later',
  });
