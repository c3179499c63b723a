// Each pool that the configuration speaks of: imported, whole, without errors, and not full; and the datasets in it.

import { describeBytes, type Bytes } from '../../domain/bytes.ts';
import { poolOf } from '../../domain/dataset.ts';
import { formatPercentage, type Share } from '../../domain/percentage.ts';
import { fullness, isHealthy, type PoolHealth, type StorageHealth } from '../../domain/storage-health.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { storageHealth, usedPools } from '../datasets/storage-health.ts';
import { type Check, type DoctorInput, type Finding, ok, problem, warning } from './check.ts';

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

/** At which share something is told as a warning, and as a problem. */
interface Levels {
  readonly warning: Share;
  readonly critical: Share;
}

/** Pure. */
export function examinePool(name: string, seen: StorageHealth | null, levels: Levels): Finding[] {
  const pool = seen?.pools.get(name);
  if (!seen || !pool)
    return [
      problem(
        `the pool ${name} is not imported`,
        `See what can be imported: zpool import. Then: zpool import ${shellWord(name)}`,
      ),
    ];
  const full = [
    ...fullFinding(`the pool ${name}`, pool.allocated, pool.size - pool.allocated, levels),
    ...seen.datasets
      .filter((dataset) => poolOf(dataset.name) === name)
      .flatMap((dataset) => fullFinding(`the dataset ${dataset.name}`, dataset.used, dataset.available, levels)),
  ];
  const found = [...stateFindings(pool), ...full];
  return found.length > 0 ? found : [ok(`${pool.health}, ${describeBytes((pool.size - pool.allocated) as Bytes)} free`)];
}

function stateFindings({ name, health, dataErrors, deviceErrors, ...pool }: PoolHealth): Finding[] {
  const look = `zpool status -v ${shellWord(name)}`;
  return [
    ...(isHealthy({ ...pool, health })
      ? []
      : [problem(`the pool ${name} is ${health}`, `See which device is missing or failed: ${look}`)]),
    ...(dataErrors === null || dataErrors === 0
      ? []
      : [
          problem(
            `the pool ${name} has lost something: ${dataErrors} data errors`,
            `See what is named, and restore that: ${look}`,
          ),
        ]),
    ...(deviceErrors === null || deviceErrors === 0
      ? []
      : [
          warning(
            `devices of the pool ${name} have counted ${deviceErrors} errors`,
            `See which, and its cable and SMART values: ${look}. When that is mended: zpool scrub ${shellWord(name)}, then zpool clear ${shellWord(name)}`,
          ),
        ]),
  ];
}

function fullFinding(what: string, used: number, free: number, levels: Levels): Finding[] {
  const share = fullness(used, free);
  if (share < levels.warning) return [];
  const told = `${what} is ${formatPercentage((Math.floor(share * 1000) / 1000) as Share)} full: ${describeBytes(free as Bytes)} left`;
  const fix = 'See what takes it: zfs list -o space. Snapshots hold what was removed since they were taken.';
  return [share >= levels.critical ? problem(told, fix) : warning(told, fix)];
}
