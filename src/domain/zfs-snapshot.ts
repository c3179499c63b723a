// A snapshot of a dataset as ZFS tells it. By its guid it is known wherever it was sent; by its transaction group it is older or newer
// than another of its pool, whatever the clock said.

import type { Instant } from './instant.ts';

export interface ZfsSnapshot {
  readonly dataset: string;
  /** Without the dataset and '@'. */
  readonly name: string;
  /** A number of 64 bits, decimal. */
  readonly guid: string;
  readonly createtxg: number;
  /** In whole seconds. */
  readonly creation: Instant;
  /** How many holds it has: while it has one it cannot be destroyed. */
  readonly holds: number;
  /** Of the user properties that were asked for, those that it has. */
  readonly properties: Readonly<Record<string, string>>;
}

export const fullName = ({ dataset, name }: Pick<ZfsSnapshot, 'dataset' | 'name'>): string => `${dataset}@${name}`;

/** Oldest first, among those of one pool. */
export const byAge = (one: ZfsSnapshot, other: ZfsSnapshot): number => one.createtxg - other.createtxg;

/** Snapshots that Holdfast makes for one run only have names that begin so, and the property that says which run. */
export const TEMPORARY_PREFIX = 'holdfast-';
export const RUN_PROPERTY = 'holdfast:run';
export const isTemporary = ({ name, properties }: Pick<ZfsSnapshot, 'name' | 'properties'>): boolean =>
  name.startsWith(TEMPORARY_PREFIX) || RUN_PROPERTY in properties;
