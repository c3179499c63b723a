// What is on record about the configuration that a repository keeps: which one it is, and that it is gone. Pure but for the
// journal that it reads.

import { createHash } from 'node:crypto';
import type { RepositoryConfig } from '../../config/configuration.ts';
import { type Evidence, NOT_HELD } from '../../domain/evidence.ts';
import { type Instant } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import type { Journal, RecordedEvidence } from '../../journal/journal.ts';
import { placeOf } from '../../repositories/place.ts';
import { textAt } from '../../lib/json.ts';
import { EVERYTHING } from '../status/believed-copy.ts';

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

type Repository = Pick<RepositoryConfig, 'name' | 'url'>;

/** Whether the newest configuration in that very place is this one, as far as the journal knows. */
export const isKept = (journal: Journal, repository: Repository, text: string): boolean => {
  const newest = newestKept(journal, repository);
  return newest !== null && textAt(newest.detail, 'digest') === digestOf(text);
};

/** Null also when it is known to be gone, or the repository was made anew since. */
function newestKept(journal: Journal, repository: Repository): RecordedEvidence | null {
  const of = { service: '', repository: repository.name };
  const [newest] = journal
    .evidence({ ...of, kind: 'configuration', limit: EVERYTHING })
    .toSorted((a, b) => (a.runId < b.runId ? 1 : -1)); // also where a clock was wrong
  if (!newest || textAt(newest.detail, 'place') !== placeOf(repository)) return null;
  const [gone] = journal.evidence({ ...of, kind: 'missing', snapshotId: newest.snapshotId, limit: 1 });
  if (gone) return null;
  const made = journal.latestStep(stepId.initialise(repository.name), 'done');
  const madeAt = made?.outcome === 'succeeded' ? made.endedAt : null;
  return madeAt !== null && madeAt >= newest.at ? null : newest;
}

/** To be recorded when the repository has answered with all of this host's snapshots: that the newest configuration is gone. */
export function goneConfiguration(
  journal: Journal,
  repository: Repository,
  held: Iterable<{ readonly id: string }>,
  now: Instant,
): Evidence[] {
  const newest = newestKept(journal, repository);
  if (newest === null || [...held].some(({ id }) => id === newest.snapshotId)) return [];
  const { snapshotId } = newest;
  return [
    {
      kind: 'missing',
      service: '',
      repository: repository.name,
      snapshotId,
      at: now,
      complete: true,
      detail: { how: NOT_HELD },
    },
  ];
}
