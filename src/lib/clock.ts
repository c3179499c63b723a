// The only place that reads the wall clock; everything else is given a Clock or an Instant.

import type { Instant } from '../domain/instant.ts';

export interface Clock {
  now(): Instant;
}

export const systemClock: Clock = { now: () => Date.now() as Instant };
