// How far replicas are behind, for metrics: from what was put on record. Pure over the journal.

import type { Configuration } from '../../config/configuration.ts';
import { expectedInterval } from '../../domain/frequency.ts';
import type { Instant } from '../../domain/instant.ts';
import { isSentTo, isWithin } from '../../domain/replication-names.ts';
import { knownLags, lagNow } from '../../domain/replication-lag.ts';
import type { Journal } from '../../journal/journal.ts';
import type { ReplicaFigures } from '../../observe/metrics/input.ts';
import { patienceOf } from '../schedule/attendance.ts';
import { RECORDS } from './lag-step.ts';

/** Of everything that was measured and is still declared, and of what is declared and never was. */
export function replicaFigures(
  { replication: { targets }, metrics }: Pick<Configuration, 'replication' | 'metrics'>,
  journal: Pick<Journal, 'evidence'>,
  now: Instant,
): ReplicaFigures[] {
  if (targets.length === 0) return [];
  const known = knownLags(journal.evidence({ kind: 'replication', service: '', limit: RECORDS * targets.length }));
  return targets.flatMap((declared) => {
    const { name, datasets, exclude, frequency, maxLag } = declared;
    const patience = patienceOf(expectedInterval(frequency), { randomizedDelay: null });
    const maxLagSeconds = (maxLag ?? metrics.replicationLag.warning) / 1000;
    const measured = known.filter(({ target, dataset }) => target === name && isSentTo(declared, dataset));
    const never = datasets.filter((each) => !measured.some(({ dataset }) => dataset === each) && !isWithin(each, exclude));
    const common = { target: name, maxLagSeconds };
    return [
      ...measured.map((each) => {
        const lag = lagNow(each, patience, now);
        return { ...common, dataset: each.dataset, lagSeconds: lag === null ? null : lag / 1000, measuredAt: each.lookedAt };
      }),
      ...never.map((dataset) => ({ ...common, dataset, lagSeconds: null, measuredAt: null })),
    ];
  });
}
