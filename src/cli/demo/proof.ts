// What the demo proves about one copy: it was restored, how long that took, and whether it is what was lost.

import { describeDuration, duration } from '../../domain/duration.ts';
import type { JsonObject } from '../../lib/json.ts';
import { printable } from '../table.ts';

export interface Proof {
  readonly service: string;
  readonly repository: string;
  readonly kind: 'recovery' | 'drill';
  readonly snapshotId: string;
  /** From the first call of restic until the data can be used; without the comparison. */
  readonly seconds: number;
  /** What was compared, in words. */
  readonly compared: string;
  /** Sentences; none when everything is equal. */
  readonly differences: readonly string[];
}

/** ` 0.9s  303 files, 6.4 MiB: every byte equal` */
export function describeProof({ seconds, compared, differences }: Proof): string {
  const took = describeDuration(duration(seconds, 's')).padStart(5);
  if (differences.length === 0) return `${took}  ${compared}`;
  const more = differences.length > 3 ? `, and ${differences.length - 3} more` : '';
  return `${took}  NOT what was lost: ${differences.slice(0, 3).map(printable).join('; ')}${more}`;
}

/** 12345 as 12,345. */
export const grouped = (value: number): string => value.toLocaleString('en-US');

/** The snapshot that a step of a run or a restore was about. */
export function snapshotOf(result: JsonObject | null): string {
  const id = result?.['snapshotId'];
  return typeof id === 'string' ? id : '';
}
