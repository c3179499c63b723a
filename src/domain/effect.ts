// Something made during a step that must be undone: a spool, a staging directory, a stopped unit.

import type { JsonObject } from '../lib/json.ts';
import type { Duration } from './duration.ts';

/**
 * `undo` is idempotent and works from the payload alone, whether or not the effect was really made: it runs when the
 * step ends, and again after a crash, in another process, from what the journal kept. It never touches anything that the
 * payload does not name. It throws, and changes nothing, where it does not understand what it finds: then it stays
 * recorded, and so does what the step made before it (unless it is `independent`).
 */
export interface EffectKind {
  readonly kind: string;
  /** Settled also when undoing failed: it was tried and told, and a later start must not try it again unasked. */
  readonly once?: boolean;
  /** What has to be undone is that it was begun and not finished: once made it is settled, and stays. */
  readonly untilMade?: boolean;
  /** Once made it stays beyond its run, until a command asks for its end. While it is being made it is like any other. */
  readonly lasting?: boolean;
  /** Nothing that the same step made before rests on it: that is undone also when this cannot be. */
  readonly independent?: boolean;
  /** How long undoing may take; two minutes when not given. */
  limit?(payload: JsonObject): Duration;
  undo(payload: JsonObject, signal: AbortSignal): Promise<void>;
}
