// Effects held by `await using`: intent in the journal before, undo and settle after. The undo that runs when a step ends
// is the very one that runs after a crash.

import type { EffectKind } from '../../domain/effect.ts';
import { duration } from '../../domain/duration.ts';
import type { Clock } from '../../lib/clock.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { Journal } from '../../journal/journal.ts';
import { timedOut } from '../../process/run-process.ts';

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

/** See StepContext.hold. When `make` fails the effect is undone at once, for it may have been half made. */
export async function holdEffect(
  owner: EffectOwner,
  kind: string,
  payload: JsonObject,
  make: () => Promise<void>,
): Promise<AsyncDisposable> {
  const { runId, stepId, journal, clock } = owner;
  effectKind(owner.kinds, kind);
  const id = journal.intendEffect({ runId, stepId, kind, payload, at: clock.now() });
  await using held = new AsyncDisposableStack();
  held.defer(() => undoEffect(owner, { id, kind, payload }));
  await make();
  return held.move();
}

/** Undoes and settles; throws, leaving it unsettled for the next start (except what is done `once`), when the undo fails. */
export async function undoEffect(
  owner: Pick<EffectOwner, 'journal' | 'clock' | 'kinds'>,
  effect: { readonly id: number; readonly kind: string; readonly payload: JsonObject },
): Promise<void> {
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
