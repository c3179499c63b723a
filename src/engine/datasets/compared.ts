// The fact that a dataset was compared with its declaration: what drift puts on record, and what applying it proves.

import type { Evidence } from '../../domain/evidence.ts';
import type { Instant } from '../../domain/instant.ts';
import { type JsonObject, textAt } from '../../lib/json.ts';
import type { Difference } from './describe.ts';

export const compared = (
  dataset: string,
  service: string | null,
  differences: readonly Difference[],
  at: Instant,
): Evidence => ({
  kind: 'dataset',
  service: service ?? '',
  repository: '',
  snapshotId: '',
  at,
  complete: differences.length === 0,
  detail: { dataset, differences: differences.map((each) => ({ ...each })) },
});

/** From the detail of that fact. */
export const driftedProperties = ({ differences }: JsonObject): string[] =>
  Array.isArray(differences) ? differences.map((each: JsonObject) => textAt(each, 'property')) : []; // as it is written above
