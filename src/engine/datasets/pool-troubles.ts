// What is wrong with a pool and the datasets in it, each by itself, with what is to be done: the same for the doctor and for whoever is
// told. Pure.

import { type Bytes, describeBytes } from '../../domain/bytes.ts';
import { poolOf } from '../../domain/dataset.ts';
import { formatPercentage, type Share } from '../../domain/percentage.ts';
import { fullness, isHealthy, type PoolHealth, type StorageHealth } from '../../domain/storage-health.ts';
import { shellWord } from '../../lib/shell-word.ts';

export type Severity = 'warning' | 'problem';

export interface PoolTrouble {
  readonly what: 'gone' | 'state' | 'data' | 'devices' | 'pool-space' | 'dataset-space';
  /** The pool, or of `dataset-space` the dataset. */
  readonly subject: string;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string;
}

/** At which share something is told as a warning, and as a problem. */
export interface Levels {
  readonly warning: Share;
  readonly critical: Share;
}

/** What goes on being told until there is so much more room: what is nearly full goes up and down. */
const EASE = 0.02;

type Told = (trouble: Pick<PoolTrouble, 'what' | 'subject'>) => Severity | null;

/** `told`: as what something is being told already. */
export function poolTroubles(
  name: string,
  seen: StorageHealth | null,
  levels: Levels,
  told: Told = () => null,
): PoolTrouble[] {
  const pool = seen?.pools.get(name);
  if (!seen || !pool)
    return [
      {
        what: 'gone',
        subject: name,
        severity: 'problem',
        message: `the pool ${name} is not imported`,
        fix: `See what can be imported: zpool import. Then: zpool import ${shellWord(name)}`,
      },
    ];
  const ofPool = { what: 'pool-space', subject: name, used: pool.allocated, free: pool.size - pool.allocated } as const;
  const ofDatasets = seen.datasets
    .filter((dataset) => poolOf(dataset.name) === name)
    .map((dataset) => ({
      what: 'dataset-space' as const,
      subject: dataset.name,
      used: dataset.used,
      free: dataset.available,
    }));
  return [...stateTroubles(pool), ...[ofPool, ...ofDatasets].flatMap((space) => spaceTrouble(space, levels, told(space)))];
}

function stateTroubles(pool: PoolHealth): PoolTrouble[] {
  const { name: subject, health, dataErrors, deviceErrors } = pool;
  const look = `zpool status -v ${shellWord(subject)}`;
  const troubles: PoolTrouble[] = [];
  const add = (trouble: Omit<PoolTrouble, 'subject'>): number => troubles.push({ ...trouble, subject });
  if (!isHealthy(pool))
    add({
      what: 'state',
      severity: 'problem',
      message: `the pool ${subject} is ${health}`,
      fix: `See which device is missing or failed: ${look}`,
    });
  if (dataErrors !== null && dataErrors > 0)
    add({
      what: 'data',
      severity: 'problem',
      message: `the pool ${subject} has lost something: ${dataErrors} data errors`,
      fix: `See what is named, and restore that: ${look}`,
    });
  if (deviceErrors !== null && deviceErrors > 0)
    add({
      what: 'devices',
      severity: 'warning',
      message: `devices of the pool ${subject} have counted ${deviceErrors} errors`,
      fix: `See which, and its cable and SMART values: ${look}. When that is mended: zpool scrub ${shellWord(subject)}, then zpool clear ${shellWord(subject)}`,
    });
  return troubles;
}

interface Space extends Pick<PoolTrouble, 'subject'> {
  readonly what: 'pool-space' | 'dataset-space';
  /** Bytes. */
  readonly used: number;
  readonly free: number;
}

function spaceTrouble(
  { what, subject, used, free }: Space,
  { warning, critical }: Levels,
  told: Severity | null,
): PoolTrouble[] {
  const share = fullness(used, free);
  if (share < warning - (told === null ? 0 : EASE)) return [];
  const name = `the ${what === 'pool-space' ? 'pool' : 'dataset'} ${subject}`;
  return [
    {
      what,
      subject,
      severity: share >= critical - (told === 'problem' ? EASE : 0) ? 'problem' : 'warning',
      message: `${name} is ${formatPercentage((Math.floor(share * 1000) / 1000) as Share)} full: ${describeBytes(free as Bytes)} left`, // of counts of bytes
      fix: 'See what takes it: zfs list -o space. Snapshots hold what was removed since they were taken.',
    },
  ];
}
