// What backups may take from the machine: what is written, over what is built in.

import type { z } from 'zod';
import { parseBytes } from '../domain/bytes.ts';
import type { ResourceLimits, UnitsConfig } from './configuration.ts';
import type { SourceDocument } from './document.ts';
import { builtIn, type Choice, type EffectiveEntries, Written } from './effective.ts';
import type { resourcesSchema, unitsSchema } from './schema/resources.ts';
import { parsed } from './written-values.ts';

type UnitsFile = z.infer<typeof unitsSchema>;

/** Backups give way: a fifth of what a service gets, where both want it. */
const DEFAULT_WEIGHT = 20;

export function resolveUnits(
  value: UnitsFile | undefined,
  document: SourceDocument,
  entries: EffectiveEntries,
): UnitsConfig {
  const written = new Written(value, document, ['units']);
  const add = <Chosen>(key: keyof UnitsFile, choice: Choice<Chosen>): Chosen => entries.add(['units', key], choice);
  const text = (key: 'memoryMax' | 'memoryHigh' | 'cpuQuota'): string | undefined =>
    add<string | null>(key, written.get(key) ?? builtIn(null)) ?? undefined;
  return limitsOf({
    memoryMax: text('memoryMax'),
    memoryHigh: text('memoryHigh'),
    cpuQuota: text('cpuQuota'),
    cpuWeight: add('cpuWeight', written.get('cpuWeight') ?? builtIn(DEFAULT_WEIGHT)),
    ioWeight: add('ioWeight', written.get('ioWeight') ?? builtIn(DEFAULT_WEIGHT)),
  });
}

/** Of what says nothing. */
export const NO_LIMITS: ResourceLimits = {
  memoryMax: null,
  memoryHigh: null,
  cpuQuota: null,
  cpuWeight: null,
  ioWeight: null,
};

export const limitsOf = (file: z.infer<typeof resourcesSchema>): ResourceLimits => ({
  memoryMax: file.memoryMax === undefined ? null : parsed(parseBytes, file.memoryMax),
  memoryHigh: file.memoryHigh === undefined ? null : parsed(parseBytes, file.memoryHigh),
  cpuQuota: file.cpuQuota ?? null,
  cpuWeight: file.cpuWeight ?? null,
  ioWeight: file.ioWeight ?? null,
});
