// Parts of PromQL over the metrics of the table: an expression can only name a metric that is emitted, and labels that it has.

import { escapeLabel } from './exposition.ts';
import type { Family, Label } from './families.ts';

/** Equal to the text, or matching a regular expression (as a dashboard's variable is one). */
export type Match = string | { readonly pattern: string };

/** `name{label="value"}` */
export function select<Labels extends Label>(
  { name, labels }: Family<Labels>,
  match: Readonly<Partial<Record<NoInfer<Labels>, Match>>>,
): string {
  const parts = labels.flatMap((label) => {
    const value: Match | undefined = match[label];
    if (value === undefined) return [];
    return [typeof value === 'string' ? `${label}="${escapeLabel(value)}"` : `${label}=~"${value.pattern}"`];
  });
  return `${name}{${parts.join(',')}}`;
}

/**
 * The figures of a host, each once, however many sources tell them (the node exporter's file and the agent) and whatever Prometheus
 * adds to their labels. Where sources differ, one is older: an alert takes whichever alarms first, so that none hides another.
 */
export const lowest = <Labels extends Label>(
  family: Family<Labels>,
  match: Readonly<Partial<Record<NoInfer<Labels>, Match>>>,
): string => `min by (${family.labels.join(', ')}) (${select(family, match)})`;

/** The same, where the higher figure alarms, or a later time is one that is proven. */
export const highest = <Labels extends Label>(
  family: Family<Labels>,
  match: Readonly<Partial<Record<NoInfer<Labels>, Match>>>,
): string => `max by (${family.labels.join(', ')}) (${select(family, match)})`;

/** `on (a, b)`: two sides belong together where the family's labels are equal. */
export const matching = ({ labels }: Family): string => `on (${labels.join(', ')})`;

/** How far away a timestamp is: one in the future was made by a clock that was wrong, and is as bad as an old one. */
export const awayFrom = (timestamp: string): string => `abs(time() - ${timestamp})`;

/** How long ago a timestamp was. */
export const since = (timestamp: string): string => `(time() - ${timestamp})`;
