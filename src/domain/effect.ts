// Something made during a step that must be undone: a spool, a staging directory, a stopped unit.

import type { JsonObject } from '../lib/json.ts';

/**
 * `undo` is idempotent and works from the payload alone, whether or not the effect was really made: it runs when the
 * step ends, and again after a crash, in another process, from what the journal kept. It never touches anything that the
 * payload does not name.
 */
export interface EffectKind {
  readonly kind: string;
  undo(payload: JsonObject, signal: AbortSignal): Promise<void>;
}
