// Snapshots and policies for the tests of retention: made by hand, or arbitrary.

import fc from 'fast-check';
import { duration } from '../../../src/domain/duration.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import type { RetentionPolicy } from '../../../src/domain/retention-policy.ts';
import type { RetentionSnapshot } from '../../../src/domain/retention.ts';

export const NO_RULE: RetentionPolicy = {
  last: 0,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  within: null,
  tags: [],
};
export const policy = (rules: Partial<RetentionPolicy>): RetentionPolicy => ({ ...NO_RULE, ...rules });

let made = 0;
/** A complete snapshot of 1000 bytes, made at that RFC 3339 time. */
export function snapshot(timeText: string, rest: Partial<RetentionSnapshot> = {}): RetentionSnapshot {
  made += 1;
  const time = Date.parse(timeText) as Instant;
  const id = made.toString(16).padStart(64, '0');
  return { id, time, timeText, tags: [], paths: ['/data'], complete: true, bytes: 1000, ...rest };
}

export const at = (text: string): Instant => Date.parse(text) as Instant;

/** RFC 3339 with the offset, as restic writes it. */
export function rfc3339(milliseconds: number, offsetMinutes: number, nanoseconds = 0): string {
  const wall = new Date(milliseconds + offsetMinutes * 60_000).toISOString().slice(0, 19);
  const fraction = (BigInt(((milliseconds % 1000) + 1000) % 1000) * 1_000_000n + BigInt(nanoseconds))
    .toString()
    .padStart(9, '0');
  const part = (value: number): string => Math.trunc(Math.abs(value)).toString().padStart(2, '0');
  const offset =
    offsetMinutes === 0 ? 'Z' : `${offsetMinutes < 0 ? '-' : '+'}${part(offsetMinutes / 60)}:${part(offsetMinutes % 60)}`;
  const decimals = fraction.replace(/0+$/, '');
  return `${wall}${decimals === '' ? '' : `.${decimals}`}${offset}`;
}

export const policies: fc.Arbitrary<RetentionPolicy> = fc
  .record({
    last: count(5),
    hourly: count(8),
    daily: count(8),
    weekly: count(6),
    monthly: count(6),
    yearly: count(4),
    within: fc.option(
      fc.integer({ min: 1, max: 24 * 500 }).map((hours) => duration(hours, 'h')),
      { freq: 2 },
    ),
    tags: fc.subarray(['red', 'blue']).map((tags) => (tags.length === 2 ? [] : tags)),
  })
  .filter(({ tags: _, ...counts }) => Object.values(counts).some(Boolean));

function count(max: number): fc.Arbitrary<number> {
  return fc.oneof(fc.constant(0), fc.integer({ min: 0, max }));
}

export interface SnapshotOptions {
  readonly from: string;
  readonly to: string;
  readonly offsets?: readonly number[];
  /** The same for all of them. */
  readonly complete?: boolean | null;
  readonly maxLength?: number;
}

/** Sets of snapshots with distinct ids; many fall into the same hours and days, some have the very same time. */
export function snapshotSets(options: SnapshotOptions): fc.Arbitrary<RetentionSnapshot[]> {
  const [from, to] = [Date.parse(options.from), Date.parse(options.to)];
  const quarters = Math.floor((to - from) / 900_000);
  const one = fc.record({
    quarter: fc.oneof(
      fc.integer({ min: 0, max: quarters }),
      fc.integer({ min: Math.max(0, quarters - 400), max: quarters }),
    ),
    nanoseconds: fc.constantFrom(0, 0, 1, 999_999),
    offset: fc.constantFrom(...(options.offsets ?? [0, 60, 120, -570, 345, 840])),
    tags: fc.subarray(['red', 'blue']),
    paths: fc.constant(['/data']),
    complete:
      options.complete === undefined ? fc.constantFrom(true, true, true, null, null, false) : fc.constant(options.complete),
    bytes: fc.option(fc.integer({ min: 0, max: 10_000 }), { freq: 8 }),
  });
  return fc.array(one, { maxLength: options.maxLength ?? 60, size: 'max' }).map((list) =>
    list.map(({ quarter, nanoseconds, offset, ...rest }, index) => {
      const time = from + quarter * 900_000;
      return {
        ...rest,
        id: index.toString(16).padStart(64, '0'),
        time: time as Instant,
        timeText: rfc3339(time, offset, nanoseconds),
      };
    }),
  );
}
