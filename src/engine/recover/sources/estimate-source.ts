// How long a recovery from a snapshot or a replica takes: as the last one did, if there was one.

import type { Journal } from '../../../journal/journal.ts';
import { type Estimate, estimateOf } from '../estimate.ts';
import type { Offer } from './source.ts';

/** What was restored for good is seldom: all of it is looked through. */
const EVERYTHING = 100;

/** `repositories`: of the service. Null where nothing was measured. */
export function estimateFrom(
  journal: Pick<Journal, 'evidence'>,
  service: string,
  { source }: Pick<Offer, 'source'>,
  repositories: readonly string[],
): Estimate | null {
  const last = journal
    .evidence({ service, kind: 'restore', complete: true, limit: EVERYTHING })
    .find(({ detail }) => detail['source'] === source.source && detail['target'] === source['target']);
  const seconds = last?.detail['seconds'];
  if (typeof seconds === 'number') return { seconds, extrapolated: false };
  if (source.source !== 'snapshot') return null;
  // a copy within the pool is no slower than one from a repository
  const [drilled] = repositories.flatMap((name) => estimateOf(journal, service, name) ?? []);
  return drilled === undefined ? null : { ...drilled, extrapolated: true };
}
