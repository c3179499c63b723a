// What a service is owed against what is proven: pure, from the evidence alone. Green only by evidence: whatever is not
// known, too old, or dated in the future counts as not there. It looks at nothing itself and repairs nothing.

import { describeDuration, type Duration } from './duration.ts';
import { elapsed, type Instant } from './instant.ts';
import type { Outcome } from './outcome.ts';

/** What is known of one repository about one service. */
export interface RepositoryEvidence {
  readonly repository: string;
  readonly location: 'onsite' | 'offsite';
  readonly medium: string;
  /** The time of the newest complete snapshot that the repository is believed to hold. */
  readonly newestComplete: Instant | null;
  readonly lastAttempt: { readonly outcome: Outcome; readonly at: Instant } | null;
  readonly verifiedAt: Instant | null;
  readonly drilledAt: Instant | null;
}

/** `fresh`: within its RPO. `future`: dated after now, so nothing is known of its age. */
export type Standing = 'fresh' | 'stale' | 'none' | 'future';

export interface RepositoryStanding {
  readonly repository: string;
  readonly standing: Standing;
  /** Never negative; null where there is no copy or its date lies in the future. */
  readonly age: Duration | null;
  /** What applies here: `offsiteRpo` offsite, `rpo` elsewhere; null when no age is owed. */
  readonly rpo: Duration | null;
  /** The last attempt failed and nothing complete came after it. */
  readonly failing: boolean;
  /** What falls short here, each as a short sentence. */
  readonly issues: readonly string[];
}

/**
 * - `unprotected`: something is owed and there is no complete copy at all.
 * - `at-risk`: there are copies, but too few, too old, of a doubtful date, or the last attempt did not go well.
 * - `unproven`: copies, media, offsite and ages are as owed, but a verification or a drill that is owed has no fresh proof.
 * - `protected`: everything that is owed is proven.
 * - `not-owed`: its class says that nothing is kept.
 */
export type ProtectionVerdict = 'unprotected' | 'at-risk' | 'unproven' | 'protected' | 'not-owed';

/** From the worst to the best. */
export const PROTECTION_VERDICTS: readonly ProtectionVerdict[] = [
  'unprotected',
  'at-risk',
  'unproven',
  'protected',
  'not-owed',
];

export interface Count {
  readonly have: number;
  readonly owed: number;
}

export interface Protection {
  readonly verdict: ProtectionVerdict;
  /** The live data is one; repositories that share a medium at one location are one together: they are lost together. */
  readonly copies: Count;
  /** The live data counts as a disk here: a repository on an onsite `disk` adds no medium. */
  readonly media: Count;
  readonly offsite: Count;
  readonly repositories: readonly RepositoryStanding[];
  /** What falls short: copies, media and offsite, then the issues of each repository. Short sentences. */
  readonly missing: readonly string[];
  /** Verifications and drills that fall short. */
  readonly unproven: readonly string[];
}

/** The part of a protection class that copies can prove. */
export interface Owed {
  readonly rpo: Duration | null;
  readonly offsiteRpo: Duration | null;
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
  const copies = { have: 1 + distinct(fresh.map(placeOf)), owed: owed.copies };
  const media = { have: distinct([LIVE_PLACE, ...fresh.map(placeOf)]), owed: owed.media };
  const offsite = { have: distinct(fresh.filter((each) => each.location === 'offsite').map(placeOf)), owed: owed.offsite };
  const counted = { copies, media, offsite, repositories };
  if (owesNothing(owed)) return { ...counted, verdict: 'not-owed', missing: [], unproven: [] };

  const missing = [
    ...tooFew(copies, 'copies'),
    ...tooFew(media, 'media'),
    ...(offsite.have === 0 && offsite.owed > 0 ? ['no offsite copy'] : tooFew(offsite, 'offsite copies')),
    ...repositories.flatMap(({ issues }) => issues),
  ];
  const unproven = [
    ...proofGap(
      'verified',
      owed.verifiedWithin,
      evidence.map((each) => each.verifiedAt),
      now,
    ),
    ...proofGap(
      'drilled',
      owed.drilledWithin,
      evidence.map((each) => each.drilledAt),
      now,
    ),
  ];
  const verdict = evidence.every((each) => each.newestComplete === null)
    ? 'unprotected'
    : missing.length > 0
      ? 'at-risk'
      : unproven.length > 0
        ? 'unproven'
        : 'protected';
  return { ...counted, verdict, missing, unproven };
}

const LIVE_PLACE = 'onsite/disk';
const placeOf = ({ location, medium }: RepositoryEvidence): string => `${location}/${medium}`;
const distinct = (values: readonly string[]): number => new Set(values).size;
const tooFew = ({ have, owed }: Count, what: string): string[] => (have < owed ? [`${have} of ${owed} ${what}`] : []);

function standingOf(owed: Owed, evidence: RepositoryEvidence, now: Instant): RepositoryStanding {
  const { newestComplete, lastAttempt, location, repository } = evidence;
  const rpo = location === 'offsite' ? (owed.offsiteRpo ?? owed.rpo) : owed.rpo;
  const age = newestComplete === null || newestComplete > now ? null : elapsed(newestComplete, now);
  const standing =
    newestComplete === null ? 'none' : age === null ? 'future' : rpo !== null && age > rpo ? 'stale' : 'fresh';
  const failing = lastAttempt !== null && FAILED.has(lastAttempt.outcome) && !superseded(evidence);
  const state = { repository, standing, age, rpo, failing } as const;
  return { ...state, issues: issuesOf(evidence, state, now) };
}

/** Being asked to stop is not failing: the age of the newest copy says soon enough whether it matters. */
const FAILED: ReadonlySet<Outcome> = new Set(['failed', 'timed-out', 'blocked']);

/** Something complete was made after the last attempt that is known, by another run whose record is lost. */
const superseded = ({ newestComplete, lastAttempt }: RepositoryEvidence): boolean =>
  newestComplete !== null && lastAttempt !== null && newestComplete > lastAttempt.at;

function issuesOf(evidence: RepositoryEvidence, state: Omit<RepositoryStanding, 'issues'>, now: Instant): string[] {
  const { repository, lastAttempt } = evidence;
  const { standing, age, rpo, failing } = state;
  const issues: string[] = [];
  if (standing === 'none') issues.push(`no complete copy in ${repository}`);
  if (standing === 'future') issues.push(`the copy in ${repository} is dated in the future: was the clock set back?`);
  if (standing === 'stale' && age !== null && rpo !== null) {
    issues.push(`${repository}: ${describeDuration(age)} old, owed within ${describeDuration(rpo)}`);
  }
  if (lastAttempt && (failing || (lastAttempt.outcome === 'partial' && !superseded(evidence)))) {
    issues.push(`last run to ${repository}: ${lastAttempt.outcome}${ago(lastAttempt.at, now)}`);
  }
  return issues;
}

const ago = (at: Instant, now: Instant): string => (at > now ? '' : ` ${describeDuration(elapsed(at, now))} ago`);

/** One proof within the time is enough, wherever it was made. */
function proofGap(
  what: 'verified' | 'drilled',
  within: Duration | null,
  times: readonly (Instant | null)[],
  now: Instant,
): string[] {
  if (within === null) return [];
  const known = times.filter((at) => at !== null && at <= now).map(Number);
  if (known.length === 0) return [`never ${what}`];
  const age = elapsed(Math.max(...known) as Instant, now); // the newest of instants is one
  return age <= within ? [] : [`last ${what} ${describeDuration(age)} ago, owed within ${describeDuration(within)}`];
}
