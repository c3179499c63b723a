// What a service is owed against what is proven: pure, from the evidence alone. Green only by evidence. It looks at nothing
// itself and repairs nothing.

import { describeDuration, type Duration } from './duration.ts';
import { elapsed, type Instant } from './instant.ts';
import { isUsable, type OwedAge, type RepositoryEvidence, type RepositoryStanding, standingOf } from './standing.ts';

/**
 * - `unprotected`: something is owed and there is no complete copy that could be restored.
 * - `at-risk`: there are copies, but too few, too old, damaged or of a doubtful date, the last attempt did not go well, or a
 *   verification or a drill that is owed has no fresh proof.
 * - `protected`: everything that is owed is proven.
 * - `not-owed`: its class says that nothing is kept.
 */
export type ProtectionVerdict = 'unprotected' | 'at-risk' | 'protected' | 'not-owed';

/** From the worst to the best. */
export const PROTECTION_VERDICTS: readonly ProtectionVerdict[] = ['unprotected', 'at-risk', 'protected', 'not-owed'];

export interface Count {
  readonly have: number;
  readonly owed: number;
}

/** How long having the whole service back takes. */
export interface RecoveryTime {
  readonly time: Duration;
  readonly repository: string;
  /** From a sample, not measured. */
  readonly extrapolated: boolean;
}

export interface Protection {
  readonly verdict: ProtectionVerdict;
  /** The live data is one; repositories that share a medium at one location are one together: they are lost together. */
  readonly copies: Count;
  /** The live data counts as a disk here: a repository on an onsite `disk` adds no medium. */
  readonly media: Count;
  readonly offsite: Count;
  readonly repositories: readonly RepositoryStanding[];
  /** When a copy that could be restored was last proven by a drill; null for never. */
  readonly drilledAt: Instant | null;
  /** The fastest way that the newest drills measured; null where none did. */
  readonly recovery: RecoveryTime | null;
  /** What falls short: copies, media and offsite, the issues of each repository, the recovery time. Short sentences. */
  readonly missing: readonly string[];
  /** Verifications, drills and measurements that were never made or are too long ago. */
  readonly unproven: readonly string[];
}

/** The part of a protection class that evidence can prove. */
export interface Owed extends OwedAge {
  readonly rto: Duration | null;
  readonly copies: number;
  readonly media: number;
  readonly offsite: number;
  readonly verifiedWithin: Duration | null;
  readonly drilledWithin: Duration | null;
}

/** A class that asks for no copies and no age, as `ephemeral` does. */
export const owesNothing = (owed: Owed): boolean =>
  owed.copies === 0 && owed.media === 0 && owed.offsite === 0 && owed.rpo === null && owed.offsiteRpo === null;

/** `evidence` has one entry for each repository that the service is meant to be in. */
export function protectionOf(owed: Owed, evidence: readonly RepositoryEvidence[], now: Instant): Protection {
  const repositories = evidence.map((each) => standingOf(owed, each, now));
  const fresh = evidence.filter((_, index) => repositories[index]?.standing === 'fresh');
  const usable = evidence.filter((_, index) => isUsable(repositories[index]?.standing ?? 'none'));
  const copies = { have: 1 + distinct(fresh.map(placeOf)), owed: owed.copies };
  const media = { have: distinct([LIVE_PLACE, ...fresh.map(placeOf)]), owed: owed.media };
  const offsite = { have: distinct(fresh.filter((each) => each.location === 'offsite').map(placeOf)), owed: owed.offsite };
  const drilledAt = newest(
    usable.map((each) => each.drill?.at ?? null),
    now,
  );
  const recovery = fastest(usable, now);
  const facts = { copies, media, offsite, repositories, drilledAt, recovery };
  if (owesNothing(owed)) return { ...facts, verdict: 'not-owed', missing: [], unproven: [] };

  const missing = [
    ...tooFew(copies, 'copies'),
    ...tooFew(media, 'media'),
    ...(offsite.have === 0 && offsite.owed > 0 ? ['no offsite copy'] : tooFew(offsite, 'offsite copies')),
    ...repositories.flatMap(({ issues }) => issues),
    ...tooSlow(recovery, owed.rto),
  ];
  const unproven = [
    ...unverified(evidence, owed.verifiedWithin, now),
    ...undrilled(evidence, drilledAt, owed, now),
    ...(owed.rto !== null && recovery === null ? ['recovery time never measured'] : []),
  ];
  const verdict = usable.length === 0 ? 'unprotected' : missing.length + unproven.length > 0 ? 'at-risk' : 'protected';
  return { ...facts, verdict, missing, unproven };
}

const LIVE_PLACE = 'onsite/disk';
const placeOf = ({ location, medium }: RepositoryEvidence): string => `${location}/${medium}`;
const distinct = (values: readonly string[]): number => new Set(values).size;
const tooFew = ({ have, owed }: Count, what: string): string[] => (have < owed ? [`${have} of ${owed} ${what}`] : []);

/** What is dated after now proves nothing. */
function newest(times: readonly (Instant | null)[], now: Instant): Instant | null {
  return times.reduce((last, at) => (at !== null && at <= now && at > (last ?? -Infinity) ? at : last), null);
}

function fastest(usable: readonly RepositoryEvidence[], now: Instant): RecoveryTime | null {
  const measured = usable.flatMap(({ repository, drill }): RecoveryTime[] =>
    drill === null || drill.rto === null || drill.at > now
      ? []
      : [{ time: drill.rto, repository, extrapolated: drill.extrapolated }],
  );
  return measured.toSorted((a, b) => a.time - b.time)[0] ?? null;
}

const tooSlow = (recovery: RecoveryTime | null, rto: Duration | null): string[] =>
  recovery === null || rto === null || recovery.time <= rto
    ? []
    : [
        `getting it back takes ${recovery.extrapolated ? 'about ' : ''}${describeDuration(recovery.time)}, owed within ${describeDuration(rto)}`,
      ];

/** Each repository that a copy is meant to be in: one that is sound proves nothing about another. */
function unverified(evidence: readonly RepositoryEvidence[], within: Duration | null, now: Instant): string[] {
  const gaps = evidence.flatMap(({ repository, verifiedAt }) =>
    proofGap('verified', newest([verifiedAt], now), within, now).map((gap) => ({ repository, gap })),
  );
  const [first] = gaps;
  if (first === undefined) return [];
  const alike = gaps.length === evidence.length && gaps.every(({ gap }) => gap === first.gap);
  return alike ? [first.gap] : gaps.map(({ repository, gap }) => `${repository}: ${gap}`);
}

/** One drill within the time is enough, wherever it was made. */
function undrilled(
  evidence: readonly RepositoryEvidence[],
  drilledAt: Instant | null,
  { drilledWithin }: Owed,
  now: Instant,
): string[] {
  const voided = drilledAt === null && evidence.some(({ drill }) => drill !== null && drill.at <= now);
  if (voided && drilledWithin !== null) return ['no drill of a copy that is not damaged'];
  return proofGap('drilled', drilledAt, drilledWithin, now);
}

function proofGap(what: 'verified' | 'drilled', at: Instant | null, within: Duration | null, now: Instant): string[] {
  if (within === null) return [];
  if (at === null) return [`never ${what}`];
  const age = elapsed(at, now);
  return age <= within ? [] : [`last ${what} ${describeDuration(age)} ago, owed within ${describeDuration(within)}`];
}
