// The snapshots of a service by the journal alone: those that were made, copied or found and are not known to be gone, with the time
// at which their repository was last asked.

import type { RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { elapsed, formatInstant, type Instant } from '../../domain/instant.ts';
import { stepId } from '../../domain/naming.ts';
import type { Journal } from '../../journal/journal.ts';
import { placeOf } from '../../repositories/place.ts';
import type { BackupList } from '../api/list-shape.ts';
import { countingFacts } from '../status/believed-copy.ts';

export function snapshotsOnRecord(
  service: ServiceConfig,
  repositories: readonly RepositoryConfig[],
  journal: Pick<Journal, 'evidence' | 'latestStep'>,
  now: Instant,
): BackupList {
  return {
    schemaVersion: 1,
    kind: 'backup-list',
    service: service.name,
    at: formatInstant(now),
    repositories: repositories.map((repository) => {
      const job = { service: service.name, repository: repository.name, place: placeOf(repository) };
      const asked = journal.latestStep(stepId.refresh(repository.name), 'done');
      const askedAt = asked?.outcome === 'succeeded' ? asked.endedAt : null;
      return {
        repository: repository.name,
        askedAt: askedAt === null ? null : formatInstant(askedAt),
        ageSeconds: askedAt === null ? null : Math.max(0, elapsed(askedAt, now) / 1000),
        snapshots: countingFacts(journal, job).map((fact) => ({
          id: fact.snapshotId,
          at: formatInstant(fact.at),
          complete: fact.complete,
          how: fact.kind as 'backup' | 'copy' | 'found', // the kinds that count
          files: numberOf(fact.detail['files']),
          bytes: numberOf(fact.detail['bytes']),
          runId: fact.runId,
        })),
      };
    }),
  };
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
