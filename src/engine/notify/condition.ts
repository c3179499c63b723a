// What conditions are found in, and how each of them is told: the parts that are the same for all.

import type { Configuration } from '../../config/configuration.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Item, OpenProblem } from '../../domain/notification.ts';
import type { Journal } from '../../journal/journal.ts';
import type { HoldfastError } from '../../lib/errors.ts';
import type { StatusReport } from '../status/status.ts';
import type { StorageLook } from './look-at-storage.ts';

export interface ConditionSource {
  readonly config: Configuration;
  readonly journal: Journal;
  readonly status: StatusReport;
  /** Steps of runs that are at work now. */
  readonly working: ReadonlySet<string>;
  readonly now: Instant;
  /** Why the configuration does not hold; null: it does. */
  readonly broken: HoldfastError | null;
  readonly storage: StorageLook | null;
  /** What is being told. */
  readonly open: readonly OpenProblem[];
}

/** An item that belongs to nothing yet. */
export const nothing: Omit<Item, 'subject' | 'operation' | 'outcome' | 'message' | 'at'> = {
  service: null,
  repository: null,
  unit: null,
  dataset: null,
  tail: [],
  hint: null,
  runId: null,
  startedAt: null,
  durationSeconds: null,
};
