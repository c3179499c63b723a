// How old the snapshots of the policy are, from what the last look at each pool put on record. Pure over the journal.

import { poolOf } from '../../domain/dataset.ts';
import { duration } from '../../domain/duration.ts';
import { parseInstant } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import { PERIOD } from '../../domain/snapshot-period.ts';
import { policyFor, SNAPSHOT_KINDS, type SnapshotPolicies, type SnapshotPolicy } from '../../domain/snapshot-policy.ts';
import type { Journal } from '../../journal/journal.ts';
import type { SnapshotFigures } from '../../observe/metrics/input.ts';

const TWO_DAYS = duration(2, 'd');

/** Of every dataset that was seen then, and is still to have snapshots. */
export function snapshotFigures({ datasets }: SnapshotPolicies, journal: Pick<Journal, 'latestSteps'>): SnapshotFigures[] {
  const declared = new Map(datasets.map((policy) => [policy.dataset, policy]));
  const pools = [...new Set(datasets.map(({ dataset }) => poolOf(dataset)))];
  const steps = journal.latestSteps(pools.map((pool) => stepId.takeSnapshots(pool)));
  return steps.flatMap((step) => {
    const newest = step?.result?.['newest'];
    if (typeof newest !== 'object' || newest === null) return [];
    return Object.entries(newest).flatMap(([dataset, at]): SnapshotFigures[] => {
      const policy = policyFor(dataset, declared);
      if (!policy?.autosnap) return [];
      return [{ dataset, newestAt: typeof at === 'string' ? parseInstant(at) : null, maxAgeSeconds: maxAge(policy) }];
    });
  });
}

/** In seconds. A kind that comes less than daily may be so much older. */
function maxAge({ keep }: SnapshotPolicy): number {
  const shortest = SNAPSHOT_KINDS.find((kind) => keep[kind] > 0);
  const period = shortest === undefined ? 0 : PERIOD[shortest];
  return (TWO_DAYS + (period > PERIOD.daily ? period : 0)) / 1000;
}
