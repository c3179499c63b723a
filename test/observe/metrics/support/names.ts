// The metrics and labels that an expression speaks of.

import { ALL_FAMILIES } from '../../../../src/observe/metrics/families.ts';

/** Every word of an expression that could be a metric of ours: whatever is written like one. */
export const metricsIn = (expression: string): string[] => [
  ...new Set(expression.match(/\b(?:restic|holdfast|postgres|zfs)_[a-z_]+\b/g) ?? []),
];

/** Sentences about metrics that are not emitted, and labels that they do not have. */
export function unknownIn(expression: string): string[] {
  const families = new Map(ALL_FAMILIES.map((family) => [family.name, family]));
  const metrics = metricsIn(expression).flatMap((name) => (families.has(name) ? [] : [`no metric is called ${name}`]));
  const labels = [...expression.matchAll(/\b([a-z_]+)\{([^}]*)\}/g)].flatMap(([, name = '', inside = '']) =>
    [...inside.matchAll(/([a-z_]+)(?==~?")/g)].flatMap(([label = '']) =>
      families.get(name)?.labels.some((known) => known === label) ? [] : [`${name} has no label ${label}`],
    ),
  );
  return [...metrics, ...labels];
}
