// Effects held by `await using`: intent in the journal before, undo and settle after. The undo that runs when a step ends
// is the very one that runs after a crash, in the same order and with the same care.

import type { EffectKind } from '../../domain/effect.ts';
import { duration } from '../../domain/duration.ts';
import type { Clock } from '../../lib/clock.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Journal, UnsettledEffect } from '../../journal/journal.ts';
import { timedOut } from '../../process/process-errors.ts';

export type EffectKinds = ReadonlyMap<string, EffectKind>;

export const effectKinds = (kinds: readonly EffectKind[]): EffectKinds => new Map(kinds.map((kind) => [kind.kind, kind]));

/** Undoing must not be cut short by the cancellation that made it necessary: it has a time limit of its own. */
const UNDO_LIMIT = duration(2, 'm');

export interface EffectOwner {
  readonly runId: string;
  readonly stepId: string;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly kinds: EffectKinds;
}

/**
 * The effects of one step, a stack: what is older is undone only when what is newer has been. Otherwise a staging would be
 * removed, or a unit started, under data that is half replaced.
 */
export class StepEffects {
  readonly #owner: EffectOwner;
  /** One could not be undone on which what is older may depend. */
  #stuck = false;

  constructor(owner: EffectOwner) {
    this.#owner = owner;
  }

  /** See StepContext.hold. When `make` fails the effect is undone at once, for it may have been half made. */
  async hold(kind: string, payload: JsonObject, make: () => Promise<void>): Promise<AsyncDisposable> {
    const { runId, stepId, journal, clock, kinds } = this.#owner;
    const { untilMade, lasting } = effectKind(kinds, kind);
    const id = journal.intendEffect({ runId, stepId, kind, payload, at: clock.now() });
    await using unmade = new AsyncDisposableStack();
    unmade.defer(async () => void (await this.undo({ id, kind, payload })));
    await make();
    const held = unmade.move();
    if (!untilMade && !lasting) return held;
    if (lasting) journal.keepEffect(id, clock.now());
    else journal.settleEffect(id, clock.now());
    return new AsyncDisposableStack(); // nothing is left for this step to undo
  }

  /** False when it stays as it is, and recorded, because a newer one could not be undone. Throws as `undoEffect`. */
  async undo(effect: RecordedEffect): Promise<boolean> {
    if (this.#stuck) return false;
    try {
      await undoEffect(this.#owner, effect);
      return true;
    } catch (error) {
      const kind = this.#owner.kinds.get(effect.kind);
      this.#stuck = !kind?.independent && !kind?.once;
      throw error;
    }
  }
}

type RecordedEffect = Pick<UnsettledEffect, 'id' | 'kind' | 'payload'>;

/** Undoes and settles; throws, leaving it unsettled for the next start (except what is done `once`), when the undo fails. */
async function undoEffect(owner: EffectOwner, effect: RecordedEffect): Promise<void> {
  const kind = effectKind(owner.kinds, effect.kind);
  const most = kind.limit?.(effect.payload) ?? UNDO_LIMIT;
  using limit = limitTime(most, () => timedOut('undo', effect.kind, most));
  const settle = (): void => owner.journal.settleEffect(effect.id, owner.clock.now());
  try {
    await kind.undo(effect.payload, limit.signal);
  } catch (error) {
    if (kind.once) settle();
    throw error;
  }
  settle();
}

function effectKind(kinds: EffectKinds, kind: string): EffectKind {
  const found = kinds.get(kind);
  if (found) return found;
  throw new HoldfastError({
    code: 'bug',
    operation: 'undo',
    subject: kind,
    message: 'this Holdfast does not know how to undo such an effect',
    hint: 'It was made by a newer Holdfast: clean up with that one.',
  });
}
