// A service that starts without its data: that a person may allow it one time, and what is held as long as its emptiness could
// take the place of good copies. Pure.

import { duration, type Duration } from './duration.ts';
import { formatInstant, type Instant, later } from './instant.ts';

/** A permission that nobody used is over by then: it was meant for a start that is about to come. */
export const PERMISSION_LASTS: Duration = duration(24, 'h');

export interface Permission {
  readonly service: string;
  readonly given: Instant;
  /** Ids of copies that are on record, of which that person has said that they are gone on purpose. */
  readonly gone: readonly string[];
}

/** Not of the future, either: the clock was set back since, and nobody knows how long ago it was given. */
export const permissionStands = ({ given }: Pick<Permission, 'given'>, now: Instant): boolean =>
  given <= now && now < later(given, PERMISSION_LASTS);

/** A service that runs on nothing although copies of it exist. */
export interface HeldService {
  readonly service: string;
  readonly since: Instant;
}

export const heldWords = ({ since }: HeldService): string =>
  `it was started empty (${formatInstant(since)}) although there are copies of it: nothing of it is backed up, removed or replicated until somebody has looked`;

export const heldHint = ({ service }: HeldService): string =>
  `To have the copy back: holdfast restore ${service} --in-place. If it is right as it is: holdfast recover ${service} --acknowledge-empty`;
