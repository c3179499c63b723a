// How long a recovery will take, as far as it was ever measured: the newest drill of the service from that repository.

import type { Drill } from '../../domain/drill.ts';
import type { Journal } from '../../journal/journal.ts';

export interface Estimate {
  readonly seconds: number;
  /** Measured with a sample. */
  readonly extrapolated: boolean;
}

/** Null where none was drilled, as on a machine that is new. */
export function estimateOf(journal: Pick<Journal, 'evidence'>, service: string, repository: string): Estimate | null {
  const [newest] = journal.evidence({ service, repository, kind: 'drill', complete: true, limit: 1 });
  if (newest === undefined) return null;
  const { rtoSeconds, extent } = newest.detail as Drill; // written from one
  return typeof rtoSeconds === 'number' ? { seconds: rtoSeconds, extrapolated: extent === 'sample' } : null;
}
