// Whether the newest copy of a service is so small beside earlier ones that its data was probably lost before it was made: then it
// says nothing of what belongs there, until a person has chosen. Told by the rule that retention refuses by.

import { beforeShrinking, type SizedCopy } from '../../domain/shrunk.ts';
import type { Journal } from '../../journal/journal.ts';
import { lastRetention } from '../retention/retention-memory.ts';

export interface JobName {
  readonly service: string;
  readonly repository: string;
}

/** Of `copies`, newest first, the one before its newest became far smaller; null where it did not, or a person has taken it. */
export function shrunkFrom<Copy extends SizedCopy>(journal: Journal, job: JobName, copies: readonly Copy[]): Copy | null {
  const [newest] = copies;
  if (newest === undefined) return null;
  const { application } = lastRetention(journal, job);
  const before = beforeShrinking({
    copies,
    lastAppliedAt: application?.at ?? null,
    acceptedBytes: application?.acceptedBytes ?? null,
  });
  return before !== null && wasTaken(journal, job, newest) ? null : before;
}

/** Somebody has put that very copy back. */
const wasTaken = (journal: Pick<Journal, 'evidence'>, job: JobName, { id }: SizedCopy): boolean =>
  journal.evidence({ ...job, kind: 'restore', snapshotId: id, complete: true, limit: 1 }).length > 0;

/** As many of them as are looked at. */
const RECORDED = 100;

/** Those of the paths that were empty when they were backed up the last time, where that backup is an ordinary one. */
export function emptyWhenBackedUp(journal: Journal, service: string): ReadonlySet<unknown> {
  const made = journal.evidence({ service, kind: 'backup', complete: true, limit: RECORDED });
  const [last] = made;
  const empty = last?.detail['empty'];
  if (last === undefined || !Array.isArray(empty) || empty.length === 0) return new Set();
  const there = made.filter(({ repository }) => repository === last.repository);
  const copies = there.map(({ snapshotId, at, detail }) => ({ id: snapshotId, time: at, bytes: bytesOf(detail['bytes']) }));
  return shrunkFrom(journal, { service, repository: last.repository }, copies) === null ? new Set(empty) : new Set();
}

const bytesOf = (stored: unknown): number | null => (typeof stored === 'number' ? stored : null);
