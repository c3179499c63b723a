// How the pools do that the configuration speaks of, and how full its datasets are. A host without any asks nothing.

import type { Configuration } from '../../config/configuration.ts';
import { poolOf } from '../../domain/dataset.ts';
import { placeOf } from '../../domain/replication-names.ts';
import type { StorageHealth } from '../../domain/storage-health.ts';
import { datasetSpaces, poolHealth } from '../../tools/zfs/health.ts';

type Using = Pick<Configuration, 'datasets' | 'services' | 'replication'>;

/** By name, each once. */
export function usedDatasets({ datasets, services, replication: { snapshots, targets } }: Using): string[] {
  const names = [
    ...datasets.map(({ name }) => name),
    ...[...services.values()].flatMap(({ backup }) => backup?.zfsDataset ?? []),
    ...snapshots.datasets.map(({ dataset }) => dataset),
    ...targets.flatMap((target) => target.datasets),
    ...targets
      .map(({ destination }) => placeOf(destination))
      .flatMap(({ host, dataset }) => (host === null ? [dataset] : [])),
  ];
  return [...new Set(names)].toSorted();
}

export const usedPools = (using: Using): string[] => [...new Set(usedDatasets(using).map(poolOf))];

/** Null where none is used. Throws as `askZfs`: a pool that is suspended may not answer. */
export async function storageHealth(using: Using, signal: AbortSignal): Promise<StorageHealth | null> {
  const names = usedDatasets(using);
  if (names.length === 0) return null;
  const [pools, datasets] = await Promise.all([poolHealth(signal), datasetSpaces(names, signal)]);
  return { pools: new Map(pools.map((pool) => [pool.name, pool])), datasets };
}
