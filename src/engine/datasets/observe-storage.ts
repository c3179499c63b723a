// What a decision about datasets rests on, looked at: pools, datasets, properties, and what is at the mountpoints.

import type { DeclaredDataset } from '../../domain/dataset.ts';
import type { DirectoryState, StorageSeen } from '../../domain/dataset-decision.ts';
import type { Mount } from '../../domain/mount.ts';
import { leadsTo, mounts } from '../../repositories/mounts.ts';
import { ownersOf } from '../../tools/util-linux/owners.ts';
import { contentOf } from '../../tools/util-linux/probe.ts';
import { getProperties } from '../../tools/zfs/get.ts';
import { listDatasets } from '../../tools/zfs/list.ts';
import { listPools } from '../../tools/zfs/pools.ts';

/** Throws where ZFS is not there or does not answer, and where a mountpoint cannot be looked at: what is unknown is not empty. */
export async function observeStorage(declared: readonly DeclaredDataset[], signal: AbortSignal): Promise<StorageSeen> {
  const [pools, datasets] = await Promise.all([listPools(signal), listDatasets(signal)]);
  const existing = declared.filter(({ name }) => datasets.has(name));
  const properties = await getProperties(
    existing.map(({ name }) => name),
    signal,
  );
  const mounted = await mounts();
  const places = new Set(declared.flatMap((each) => [each.mountpoint, datasets.get(each.name)?.mountpoint ?? '/']));
  const directories = await Promise.all(
    [...places]
      .filter((path) => path.startsWith('/'))
      .map(async (path): Promise<[string, DirectoryState]> => [path, await lookAt(path, mounted, signal)]),
  );
  const seenAt = new Map(directories);
  const owned = declared.filter(({ name, mountpoint }) => {
    const there = seenAt.get(mountpoint);
    return there?.kind === 'mounted' && there.source === name;
  });
  const ownership = await ownersOf(
    owned.map(({ mountpoint }) => mountpoint),
    signal,
  );
  return { pools, datasets, properties, directories: seenAt, ownership };
}

/** What whoever opens `path` gets: one mount may lie over another, or over the directory that another is in. */
async function lookAt(path: string, mounted: readonly Mount[], signal: AbortSignal): Promise<DirectoryState> {
  const led = await leadsTo(path);
  const there = led && mounted.find(({ id, path: root }) => id === led.mount && root === led.path);
  return there ? { kind: 'mounted', source: there.source } : { kind: await contentOf(path, [], signal) };
}
