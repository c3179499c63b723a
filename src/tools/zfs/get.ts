// zfs get: properties with their values and sources.

import type { PropertySource, PropertyState } from '../../domain/dataset.ts';
import { askZfs, rowsOf, unexpected } from './ask.ts';

/** Of all of these datasets, which exist. */
export const getArgs = (names: readonly string[]): readonly [string, ...string[]] => [
  'zfs',
  'get',
  '-Hp',
  '-o',
  'name,property,value,source',
  'all',
  ...names,
];

export type Properties = ReadonlyMap<string, PropertyState>;

/** By dataset, then by property. Throws `tool-output`. */
export function parseProperties(stdout: string): ReadonlyMap<string, Properties> {
  const all = new Map<string, Map<string, PropertyState>>();
  for (const row of rowsOf(stdout)) {
    const [name, property, value, source] = row;
    if (name === undefined || property === undefined || value === undefined || source === undefined)
      throw unexpected('zfs get', row);
    const of = all.get(name) ?? new Map<string, PropertyState>();
    all.set(name, of.set(property, { value, source: sourceOf(source) }));
  }
  return all;
}

const INHERITED = 'inherited from ';

function sourceOf(text: string): PropertySource {
  if (text.startsWith(INHERITED)) return { kind: 'inherited', from: text.slice(INHERITED.length) };
  return text === 'local' || text === 'default' || text === 'received' || text === 'temporary'
    ? { kind: text }
    : { kind: 'none' };
}

/** Throws as `askZfs`, also when one of them does not exist. */
export async function getProperties(
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Properties>> {
  if (names.length === 0) return new Map();
  const command = { argv: getArgs(names), operation: 'read the properties of', subject: names.join(', ') };
  return parseProperties(await askZfs(command, signal));
}
