// Whether somebody holds the backups of this host for the time of a deployment: until it is released, or as long as the command
// behind a gate runs.

import type { Instant } from '../../domain/instant.ts';
import type { Journal } from '../../journal/journal.ts';
import { mayBeAlive } from '../../process/identity.ts';
import { HELD_TIMERS_KIND, holdRecord, LASTING_HOLD_KIND } from './hold-record.ts';

export interface HoldInForce {
  /** Null: as long as the command runs. */
  readonly until: Instant | null;
  /** The run that holds. */
  readonly runId: string;
}

/** Null when nobody does. A hold that nobody released when it should have been counts: nobody said that all is over. */
export function holdInForce(journal: Pick<Journal, 'keptEffects' | 'unfinishedRuns'>): HoldInForce | null {
  const [kept] = journal.keptEffects(LASTING_HOLD_KIND);
  if (kept) return { until: holdRecord(kept.payload).until, runId: kept.runId };
  const run = journal
    .unfinishedRuns()
    .find((each) => mayBeAlive(each.process) && each.effects.some(({ kind }) => kind === HELD_TIMERS_KIND));
  return run ? { until: null, runId: run.id } : null;
}
