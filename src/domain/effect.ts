// Something made during a step that must be undone: a spool, a staging directory, a stopped unit.

import type { JsonObject } from '../lib/json.ts';
import type { Duration } from './duration.ts';

/**
 * `undo` is idempotent and works from the payload alone, whether or not the effect was really made: it runs when the
 * step ends, and again after a crash, in another process, from what the journal kept. It never touches anything that the
 * payload does not name.
 */
export interface EffectKind {
  readonly kind: string;
  /** Settled also when undoing failed: it was tried and told, and a later start must not try it again unasked. */
  readonly once?: boolean;
  /** How long undoing may take; two minutes when not given. */
  limit?(payload: JsonObject): Duration;
  undo(payload: JsonObject, signal: AbortSignal): Promise<void>;
}
