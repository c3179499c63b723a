// The declared datasets: names and mountpoints derived where they are not written, presets under what is written.

import type { DeclaredDataset } from '../domain/dataset.ts';
import type { z } from 'zod';
import { DATASET_PRESETS } from './dataset-presets.ts';
import type { SourceDocument } from './document.ts';
import { builtIn, type Choice, type EffectiveEntries, Written } from './effective.ts';
import { normalPath } from './repository-url.ts';
import type { datasetSchema, storageSchema } from './schema/dataset.ts';

type DatasetFile = z.infer<typeof datasetSchema>;
type ParentFile = NonNullable<z.infer<typeof storageSchema>['datasets']>;

/** Null where none is written. */
export function resolveParentDataset(
  value: ParentFile | undefined,
  document: SourceDocument,
  entries: EffectiveEntries,
): DeclaredDataset | null {
  if (value === undefined) return null;
  const path = ['storage', 'datasets'];
  const file = new Written(value, document, path);
  for (const key of ['parentDataset', 'parentMount', 'properties'] as const) {
    const choice = file.get(key);
    if (choice) entries.add([...path, key], choice);
  }
  return {
    name: value.parentDataset,
    service: null,
    mountpoint: normalPath(value.parentMount),
    properties: value.properties ?? {},
    owner: null,
    group: null,
    mode: null,
  };
}

const OWN_PROPERTIES = ['recordsize', 'compression', 'quota', 'refquota', 'reservation', 'refreservation'] as const;
const KEYS = ['preset', ...OWN_PROPERTIES, 'owner', 'group', 'mode', 'properties'] as const;

/**
 * Of one service; null where none is written, or where neither a name nor a parent to derive it from is: the cross-check
 * says so.
 */
export function resolveDataset(
  service: string,
  dataset: Written<DatasetFile>,
  value: DatasetFile | undefined,
  parent: DeclaredDataset | null,
  entries: EffectiveEntries,
): DeclaredDataset | null {
  if (value === undefined) return null;
  const add = <Chosen>(key: string, choice: Choice<Chosen> | undefined): Chosen | undefined =>
    choice && entries.add([...dataset.path, key], choice);
  const derived = <Text extends string>(text: Text | null): Choice<Text> | undefined =>
    text === null ? undefined : builtIn(text, 'from storage.datasets');
  const name = add('name', dataset.get('name') ?? derived(parent && `${parent.name}/${service}`));
  const mountpoint = add(
    'mountpoint',
    dataset.get('mountpoint') ?? derived(parent && `${parent.mountpoint === '/' ? '' : parent.mountpoint}/${service}`),
  );
  for (const key of KEYS) add(key, dataset.get(key));
  if (name === undefined || mountpoint === undefined) return null;
  const own = OWN_PROPERTIES.flatMap((key) => (value[key] === undefined ? [] : [[key, value[key]] as const]));
  const preset = value.preset === undefined ? {} : DATASET_PRESETS[value.preset].properties;
  return {
    name,
    service,
    mountpoint: normalPath(mountpoint),
    properties: { ...preset, ...Object.fromEntries(own), ...value.properties },
    owner: value.owner ?? null,
    group: value.group ?? null,
    mode: value.mode?.padStart(4, '0') ?? null,
  };
}
