// The datasets of services that run on nothing: what is in them must not follow to where their data still is.

import type { Configuration } from '../../config/configuration.ts';
import type { HeldService } from '../../domain/empty-start.ts';
import type { Journal } from '../../journal/journal.ts';
import { heldServices } from './empty-starts.ts';

/** By name, those that hold the data of a held service, with that. */
export function heldDatasets(
  { datasets, services }: Pick<Configuration, 'datasets' | 'services'>,
  journal: Pick<Journal, 'keptEffects'>,
): ReadonlyMap<string, HeldService> {
  const held = new Map(heldServices(journal).map((each) => [each.service, each]));
  const declared = datasets.map(({ name, service }) => ({ name, service }));
  const named = [...services.values()].map(({ name, backup }) => ({ name: backup?.zfsDataset ?? null, service: name }));
  return new Map(
    [...declared, ...named].flatMap(({ name, service }) => {
      const of = service === null ? undefined : held.get(service);
      return name !== null && of ? [[name, of] as const] : [];
    }),
  );
}

/** Of a dataset or of one above it; null where nothing holds it. */
export const heldWithin = (dataset: string, held: ReadonlyMap<string, HeldService>): HeldService | null =>
  [...held].find(([name]) => dataset === name || dataset.startsWith(`${name}/`))?.[1] ?? null;
