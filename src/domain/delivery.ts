// How often something is tried that does not work, and for how long. Pure: chance is an argument.

import { duration, type Duration } from './duration.ts';
import { elapsed, later, type Instant } from './instant.ts';

const SHORTEST = duration(1, 'm');
const LONGEST = duration(1, 'h');
const JITTER = 0.2;

/** A try that still makes sense after so many days. */
export const EXPIRY = duration(7, 'd');
/** That something has begun is of no interest later. */
export const START_EXPIRY = duration(1, 'h');
/** When nothing came through for so long, another channel tells. */
const STUCK = duration(1, 'h');
/** What is dated far ahead is no reason for silence: the clock was wrong then. */
export const isStuck = (failingSince: Instant, now: Instant): boolean => Math.abs(elapsed(failingSince, now)) >= STUCK;
/** So many wait for one channel at most. */
export const BOUND = 1000;

/** When to try again after `failures` in a row (at least 1): 1 min, 2 min, 4 min ... 1 h, give or take a fifth by `chance` (0..1). */
export function nextTry(failures: number, at: Instant, chance: number, asked: Duration | null = null): Instant {
  const plain = Math.min(LONGEST, SHORTEST * 2 ** Math.min(failures - 1, 20));
  const wait = Math.round(plain * (1 - JITTER + 2 * JITTER * chance)) as Duration;
  return later(at, asked === null ? wait : (Math.min(LONGEST, Math.max(wait, asked)) as Duration));
}
