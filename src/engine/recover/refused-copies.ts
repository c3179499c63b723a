// Copies that a recovery has restored and that were found not to be good, as the journal has it: nobody is helped by restoring them
// again every few minutes.

import { formatInstant, type Instant } from '../../domain/instant.ts';
import type { Evidence } from '../../domain/evidence.ts';
import type { Journal } from '../../journal/journal.ts';
import type { HoldfastError } from '../../lib/errors.ts';
import type { Observed } from '../snapshots/observe-snapshots.ts';

export const refusedCopy = (
  service: string,
  { repository, snapshot }: Observed,
  { message }: HoldfastError,
  at: Instant,
): Evidence => ({
  kind: 'restore',
  service,
  repository: repository.name,
  snapshotId: snapshot.id,
  at,
  complete: false,
  detail: { tool: 'restic', refused: message },
});

export interface JobCopy {
  readonly service: string;
  readonly repository: string;
  readonly snapshotId: string;
}

/** Why it is not good, in words; null where nothing says so, or where it has been restored since and was good. */
export function whyRefused(journal: Pick<Journal, 'evidence'>, copy: JobCopy): string | null {
  const [last] = journal.evidence({ ...copy, kind: 'restore', limit: 1 });
  return wordsOf(last);
}

function wordsOf(last: Evidence | undefined): string | null {
  const refused = last?.detail['refused'];
  return last && typeof refused === 'string' ? `was found not to be good (${formatInstant(last.at)}: ${refused})` : null;
}

/** The same of a snapshot that is in no repository, by its full name. */
export const refusedTree = (service: string, snapshot: string, { message }: HoldfastError, at: Instant): Evidence => ({
  kind: 'restore',
  service,
  repository: '',
  snapshotId: '',
  at,
  complete: false,
  detail: { tool: 'cp', snapshot, refused: message },
});

export const whyTreeRefused = (journal: Pick<Journal, 'evidence'>, service: string, snapshot: string): string | null =>
  wordsOf(
    journal
      .evidence({ service, repository: '', kind: 'restore', limit: MOST_TREES })
      .find(({ detail }) => detail['snapshot'] === snapshot),
  );

/** Of one service. */
const MOST_TREES = 1000;
