// What a restore comes to: its outcome, and the evidence that it is.

import type { Evidence } from '../../domain/evidence.ts';
import { formatInstant } from '../../domain/instant.ts';
import type { StepContext, StepResult } from '../../domain/plan.ts';
import { type RestoreOrder, summarise } from './prove.ts';
import type { Listing } from './restored-listing.ts';

export function resultOf(
  order: RestoreOrder,
  listing: Listing,
  where: NonNullable<StepResult['result']>,
  differences: readonly string[],
  context: StepContext,
): StepResult {
  const { repository, snapshot, partial } = order.chosen;
  const verified = order.verify ? 'content and listing' : 'listing';
  const short = snapshot.id.slice(0, 8);
  const shortcomings = [...differences, ...(partial ? [`snapshot ${short} itself is known to be incomplete`] : [])];
  const complete = shortcomings.length === 0;
  if (listing.files === 0) context.warn(`snapshot ${short} holds no files there`);
  const figures = { files: listing.files, entries: listing.entries, bytes: listing.bytes, verified };
  const evidence: Evidence[] =
    order.service === null
      ? []
      : [
          {
            kind: 'restore',
            service: order.service,
            repository: repository.name,
            snapshotId: snapshot.id,
            at: context.now(),
            // What retention may rely on: all of it came back, and its content was compared.
            complete: complete && order.verify && order.whole,
            detail: { tool: 'restic', ...figures, ...where },
          },
        ];
  return {
    outcome: complete ? 'succeeded' : 'partial',
    reason: complete ? null : summarise(shortcomings),
    evidence,
    result: {
      service: order.service,
      repository: repository.name,
      snapshotId: snapshot.id,
      snapshotTime: formatInstant(snapshot.time),
      ...where,
      ...figures,
      differences: differences.slice(0, 100),
    },
  };
}
