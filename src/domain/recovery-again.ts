// When a recovery that failed is tried again by itself: ever more seldom, and only as long as what was wrong may pass without
// a person. Pure.

import { duration, type Duration } from './duration.ts';
import { type Instant, later } from './instant.ts';

/** One that did not bring the data back. */
export interface FailedAttempt {
  readonly endedAt: Instant;
  /** What was wrong may pass by itself: see `Retry` in lib/errors.ts. */
  readonly mayPass: boolean;
}

export type Again =
  | { readonly kind: 'now' }
  | { readonly kind: 'wait'; readonly until: Instant }
  /** Somebody has to do something first; then they start it. */
  | { readonly kind: 'person' };

const SHORTEST = duration(5, 'm');
const LONGEST = duration(1, 'h');

/** After so many failures in a row: 5, 10, 20, 40 minutes, and then an hour each time. */
export const waitAfter = (failures: number): Duration => Math.min(SHORTEST * 2 ** (failures - 1), LONGEST) as Duration;

/** `attempts`: those since it last went well, newest first. None: it failed before anything could be recorded. */
export function decideAgain([last, ...earlier]: readonly FailedAttempt[], now: Instant): Again {
  if (last === undefined) return { kind: 'now' };
  if (!last.mayPass) return { kind: 'person' };
  const until = later(last.endedAt, waitAfter(earlier.length + 1));
  // of the future: the clock was set back since, and nobody knows how long ago that was
  return now < until && last.endedAt <= now ? { kind: 'wait', until } : { kind: 'now' };
}
