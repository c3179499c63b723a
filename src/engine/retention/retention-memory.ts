// What retention leaves in the journal: its last application to a job, as evidence of kind 'retention', and what it removed.

import type { Duration } from '../../domain/duration.ts';
import { type Evidence, REMOVED_BY_RETENTION } from '../../domain/evidence.ts';
import type { Instant } from '../../domain/instant.ts';
import type { RetentionPolicy } from '../../domain/retention-policy.ts';
import type { RetentionApplication, RetentionDecision } from '../../domain/retention.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Json, JsonObject } from '../../lib/json.ts';
import type { Job } from '../backup/backup-step.ts';

/** Null when nothing was applied, or the former record has to stay. */
export function retentionEvidence({ service, backup, repository }: Job, decision: RetentionDecision): Evidence | null {
  const { remember } = decision;
  if (remember === null) return null;
  const policy: JsonObject = { ...backup.retention };
  return {
    kind: 'retention',
    service: service.name,
    repository: repository.name,
    snapshotId: remember.newestId ?? '',
    at: remember.at,
    complete: true,
    detail: {
      policy,
      acceptedBytes: remember.acceptedBytes,
      kept: decision.kept.snapshots,
      removed: decision.removed.snapshots,
    },
  };
}

/** That a recorded snapshot is gone, on purpose: what is believed of the repository no longer rests on it. */
export const removalEvidence = ({ service, repository }: Job, snapshotId: string, at: Instant): Evidence => ({
  kind: 'missing',
  service: service.name,
  repository: repository.name,
  snapshotId,
  at,
  complete: true,
  detail: { how: REMOVED_BY_RETENTION },
});

export function lastRetention(
  journal: Journal,
  of: { readonly service: string; readonly repository: string },
): { readonly application: RetentionApplication | null; readonly policy: RetentionPolicy | null } {
  const [last] = journal.evidence({ ...of, kind: 'retention', limit: 1 });
  if (!last) return { application: null, policy: null };
  const { acceptedBytes } = last.detail;
  return {
    application: {
      at: last.at,
      newestId: last.snapshotId === '' ? null : last.snapshotId,
      acceptedBytes: typeof acceptedBytes === 'number' ? acceptedBytes : null,
    },
    policy: policyOf(last.detail['policy']),
  };
}

/** As `retentionEvidence` wrote it; fields that a later version added are absent in old records and count as zero. */
function policyOf(stored: Json | undefined): RetentionPolicy | null {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return null;
  const record = stored as JsonObject; // not null, no array: an object
  const number = (key: string): number => (typeof record[key] === 'number' ? record[key] : 0);
  return {
    last: number('last'),
    hourly: number('hourly'),
    daily: number('daily'),
    weekly: number('weekly'),
    monthly: number('monthly'),
    yearly: number('yearly'),
    within: typeof record['within'] === 'number' ? (record['within'] as Duration) : null,
    tags: Array.isArray(record['tags']) ? record['tags'].map(String) : [],
  };
}
