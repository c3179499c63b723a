// Each pool that the configuration speaks of: imported, whole, without errors, and not full; and the datasets in it.

import { describeBytes, type Bytes } from '../../domain/bytes.ts';
import type { StorageHealth } from '../../domain/storage-health.ts';
import { type Levels, poolTroubles } from '../datasets/pool-troubles.ts';
import { storageHealth, usedPools } from '../datasets/storage-health.ts';
import { type Check, type DoctorInput, type Finding, ok } from './check.ts';

export function poolChecks({ config }: Pick<DoctorInput, 'config'>): Check[] {
  let asked: Promise<StorageHealth | null> | null = null;
  return usedPools(config).map((pool) => ({
    id: `pool:${pool}`,
    title: pool,
    run: async (signal) => {
      asked ??= storageHealth(config, signal); // once: all checks begin at once, and have the same time
      return examinePool(pool, await asked, config.metrics.capacity);
    },
  }));
}

/** Pure. */
export function examinePool(name: string, seen: StorageHealth | null, levels: Levels): Finding[] {
  const found = poolTroubles(name, seen, levels).map(({ severity, message, fix }): Finding => ({
    health: severity,
    detail: message,
    fix,
  }));
  if (found.length > 0) return found;
  const { health = '', size = 0, allocated = 0 } = seen?.pools.get(name) ?? {};
  return [ok(`${health}, ${describeBytes((size - allocated) as Bytes)} free`)];
}
