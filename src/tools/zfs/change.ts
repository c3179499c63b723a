// zfs create, set, inherit and mount: what makes a dataset as it should be. Nothing here destroys one.

import { duration } from '../../domain/duration.ts';
import { askZfs } from './ask.ts';

/** By property. */
type Values = Readonly<Record<string, string>>;

/** Properties by name; the dataset above it exists. It is mounted, where it can be. */
export const createArgs = (name: string, properties: Values): readonly [string, ...string[]] => [
  'zfs',
  'create',
  ...pairs(properties).flatMap((pair) => ['-o', pair]),
  name,
];

/** All of them in one call. */
export const setArgs = (name: string, properties: Values): readonly [string, ...string[]] => [
  'zfs',
  'set',
  ...pairs(properties),
  name,
];

/** One property a call: so is zfs(8). */
export const inheritArgs = (name: string, property: string): readonly [string, ...string[]] => [
  'zfs',
  'inherit',
  property,
  name,
];

const pairs = (properties: Values): string[] =>
  Object.entries(properties).map(([property, value]) => `${property}=${value}`);

/** Mounting many datasets takes its time. */
const LIMIT = duration(5, 'm');

const change = async (
  operation: string,
  subject: string,
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<void> => void (await askZfs({ argv, operation, subject }, signal, LIMIT));

export const createDataset = (name: string, properties: Values, signal: AbortSignal): Promise<void> =>
  change('create', name, createArgs(name, properties), signal);

export const setProperties = (name: string, properties: Values, signal: AbortSignal): Promise<void> =>
  change('set properties of', name, setArgs(name, properties), signal);

export const inheritProperty = (name: string, property: string, signal: AbortSignal): Promise<void> =>
  change(`inherit ${property} of`, name, inheritArgs(name, property), signal);

export const mountDataset = (name: string, signal: AbortSignal): Promise<void> =>
  change('mount', name, ['zfs', 'mount', name], signal);
