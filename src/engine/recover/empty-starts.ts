// What the journal has of empty starts: the permission for one, and services that are held since one. Both outlive the run that
// recorded them, until a command ends them.

import type { EffectKind } from '../../domain/effect.ts';
import { heldHint, type HeldService, heldWords, type Permission, permissionStands } from '../../domain/empty-start.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Journal, KeptEffect } from '../../journal/journal.ts';
import { HoldfastError } from '../../lib/errors.ts';

/** Nothing has to be undone: they are words. */
const record = (kind: string): EffectKind => ({
  kind,
  independent: true,
  lasting: true,
  undo: () => Promise.resolve(),
});

export const EMPTY_START_ALLOWED = record('empty-start-allowed');
export const STARTED_EMPTY = record('started-empty');

type Kept = Pick<Journal, 'keptEffects'>;

/** Those of one service, newest first. */
export const keptOf = (journal: Kept, { kind }: EffectKind, service: string): KeptEffect[] =>
  journal.keptEffects(kind).filter(({ payload }) => payload['service'] === service);

/** The one that stands now; null where there is none. */
export function emptyStartAllowed(journal: Kept, service: string, now: Instant): Permission | null {
  const kept = keptOf(journal, EMPTY_START_ALLOWED, service).find(({ keptAt }) => permissionStands({ given: keptAt }, now));
  if (kept === undefined) return null;
  const { gone } = kept.payload;
  const ids = Array.isArray(gone) ? gone.filter((id) => typeof id === 'string') : [];
  return { service, given: kept.keptAt, gone: ids };
}

/** Called by what lets a unit start on nothing, and by nothing else: whoever said the word meant one start. */
export const useUpEmptyStart = (journal: Journal, service: string, now: Instant): void =>
  void endKept(journal, EMPTY_START_ALLOWED, service, now);

export function heldServices(journal: Kept): HeldService[] {
  const oldestFirst = journal.keptEffects(STARTED_EMPTY.kind).toReversed();
  const held = oldestFirst.flatMap(({ payload: { service }, keptAt }): HeldService[] =>
    typeof service === 'string' ? [{ service, since: keptAt }] : [],
  );
  return [...Map.groupBy(held, ({ service }) => service).values()].flatMap(([first]) => first ?? []);
}

export const heldService = (journal: Kept, service: string): HeldService | null =>
  heldServices(journal).find((held) => held.service === service) ?? null;

/** Throws `refused` while a service is held. */
export function requireNotHeld(journal: Kept, service: string, operation: string, subject: string = service): void {
  const held = heldService(journal, service);
  if (held) throw heldError(held, operation, subject);
}

export const heldError = (held: HeldService, operation: string, subject: string): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation,
    subject,
    message: heldWords(held),
    hint: heldHint(held),
    retry: 'later',
  });

/**
 * It may start on nothing, and does not by what somebody has typed. No success: nothing came back, and a unit of an earlier version,
 * which does not say who it is, must not start on that.
 */
export const onlyByItsUnit = (
  { name, unit }: { readonly name: string; readonly unit: string | null },
  reason: string,
): HoldfastError =>
  new HoldfastError({
    code: 'snapshot-missing',
    operation: 'recover',
    subject: name,
    message: `there is nothing to recover: ${reason}, by the start of its unit`,
    hint:
      unit === null
        ? `It has none here. Whoever starts it says first: holdfast recover ${name} --before-start`
        : `systemctl start ${unit}. If that ends here, too, its units are of an earlier version: holdfast units install`,
  });

/** Ends all records of that kind that there are of a service. */
export function endKept(journal: Journal, kind: EffectKind, service: string, now: Instant): number {
  const kept = keptOf(journal, kind, service);
  for (const { id } of kept) journal.settleEffect(id, now);
  return kept.length;
}
