// How many snapshots of each service a repository held when it was last asked: told in the result of the step that asked, and read
// from there.

import { jobName, serviceOfTags, stepId } from '../../domain/naming.ts';
import type { Journal } from '../../journal/journal.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';

/** By service: each that there is a snapshot of, and each that was asked about. */
export function heldCounts(asked: readonly string[], snapshots: readonly Pick<Snapshot, 'tags'>[]): JsonObject {
  const held = new Map(asked.map((service) => [service, 0]));
  for (const { tags } of snapshots) {
    const service = serviceOfTags(tags);
    if (service !== null) held.set(service, (held.get(service) ?? 0) + 1);
  }
  return Object.fromEntries(held);
}

/** By job name. Of a repository that could not be asked the last time nothing is known. */
export const recordedCounts = (
  journal: Pick<Journal, 'latestStep'>,
  repositories: readonly string[],
): ReadonlyMap<string, number> =>
  new Map(
    repositories.flatMap((repository) =>
      Object.entries(countsIn(journal.latestStep(stepId.refresh(repository), 'done')?.result?.['held'])).map(
        ([service, count]) => [jobName(service, repository), count] as const,
      ),
    ),
  );

const countsIn = (value: unknown): Record<string, number> =>
  typeof value === 'object' && value !== null ? (value as Record<string, number>) : {}; // written by heldCounts
