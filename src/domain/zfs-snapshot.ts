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

/** Snapshots that Holdfast makes for one run only have names of this, the run and a number, and the property that says which run. */
export const TEMPORARY_PREFIX = 'holdfast-';
export const RUN_PROPERTY = 'holdfast:run';
const TEMPORARY_NAME = new RegExp(`^${TEMPORARY_PREFIX}[0-9A-Z]{26}-\\d+$`);
/** A name that somebody gave, and that only begins so, is not one of them. */
export const isTemporary = ({ name, properties }: Pick<ZfsSnapshot, 'name' | 'properties'>): boolean =>
  TEMPORARY_NAME.test(name) || RUN_PROPERTY in properties;
