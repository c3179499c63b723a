// Which snapshots of one job stay, whatever else is decided: restic's keep rules for each degree of trust in turn, and above
// them the copies that no rule may ever remove. It knows nothing of the last application, of mistakes and of confirmations.

import { keepsNothing, type RetentionPolicy } from './retention-policy.ts';
import { applyPolicy, type RetentionSnapshot } from './retention-rules.ts';

/** Why each that stays does, by id. */
export type Reasons = ReadonlyMap<string, readonly string[]>;

/** Of snapshots, newest first: the newest proven complete one; where none is proven, the newest that may be complete. */
export const newestTrusted = (snapshots: readonly RetentionSnapshot[]): RetentionSnapshot | null =>
  snapshots.find(({ complete }) => complete === true) ?? snapshots.find(({ complete }) => complete === null) ?? null;

/**
 * The rules are applied to the proven complete ones alone, then together with those that nobody knows about, then to all, and
 * what they keep in any of the three stays. So nothing goes that restic would keep, and none takes the place of one that is
 * better proven; where nothing is proven, as after the loss of the journal, the results are restic's own.
 */
export function keptByRules(snapshots: readonly RetentionSnapshot[], policy: RetentionPolicy): Map<string, string[]> {
  const kept = new Map<string, string[]>();
  const proven = snapshots.filter(({ complete }) => complete === true);
  const perhaps = snapshots.filter(({ complete }) => complete !== false);
  for (const set of [proven, perhaps, snapshots]) {
    for (const { snapshot, keep, reasons } of applyPolicy(set, policy)) {
      if (keep) kept.set(snapshot.id, [...new Set([...(kept.get(snapshot.id) ?? []), ...reasons])]);
    }
  }
  return kept;
}

/** `counted` newest first; nothing newer than the newest trusted one ever goes. */
export function reasonsToStay(
  counted: readonly RetentionSnapshot[],
  policy: RetentionPolicy,
  newestVerifiedId: string | null,
): Reasons {
  if (keepsNothing(policy)) return new Map(counted.map(({ id }) => [id, ['the policy has no rule']]));
  const kept = keptByRules(counted, policy);
  const newest = newestTrusted(counted);
  const reasons = new Map<string, string[]>();
  let older = false;
  for (const snapshot of counted) {
    const { id, complete } = snapshot;
    older ||= snapshot === newest;
    const why = [
      ...(snapshot === newest ? [complete ? 'newest complete snapshot' : 'newest that may be complete'] : []),
      ...(id === newestVerifiedId ? ['newest that was restored and compared'] : []),
      ...(kept.get(id) ?? []),
      ...(older ? [] : [`${complete === null ? 'perhaps ' : ''}incomplete, but no newer complete one`]),
    ];
    if (why.length > 0) reasons.set(id, why);
  }
  return reasons;
}
