// How one repository stands for one service: the age of its newest complete copy, whether that can still be read, and what
// went wrong last. Pure. Whatever is not known, too old, or dated in the future counts as not there.

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
  /** When the repository was last read and found whole. */
  readonly verifiedAt: Instant | null;
  /** Something of this service can no longer be read; `newest`: of the newest copy too, or nobody knows of which. */
  readonly damage: { readonly since: Instant; readonly newest: boolean } | null;
  /** When it was asked, did not answer, and was not heard of since: nothing is known of what it holds. */
  readonly unansweredAt: Instant | null;
  /** The last drill that proved a copy, and how long having the whole service back takes by it. */
  readonly drill: { readonly at: Instant; readonly rto: Duration | null; readonly extrapolated: boolean } | null;
  /** A drill that did not succeed, and that no later one made up for. */
  readonly failedDrill: { readonly at: Instant; readonly reason: string } | null;
}

/**
 * `fresh`: within its RPO. `future`: dated after now, so nothing is known of its age. `damaged`: it cannot be read whole.
 * `unanswered`: its repository did not answer when it was last asked.
 */
export type Standing = 'fresh' | 'stale' | 'none' | 'future' | 'damaged' | 'unanswered';

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

/** It has a copy of which nothing is known to be broken: one that could be restored. */
export const isUsable = (standing: Standing): boolean => standing !== 'none' && standing !== 'damaged';

export interface OwedAge {
  readonly rpo: Duration | null;
  readonly offsiteRpo: Duration | null;
}

export function standingOf(owed: OwedAge, evidence: RepositoryEvidence, now: Instant): RepositoryStanding {
  const { newestComplete, lastAttempt, location, repository, damage } = evidence;
  const rpo = location === 'offsite' ? (owed.offsiteRpo ?? owed.rpo) : owed.rpo;
  const age = newestComplete === null || newestComplete > now ? null : elapsed(newestComplete, now);
  const failing = lastAttempt !== null && FAILED.has(lastAttempt.outcome) && !superseded(evidence);
  const standing = standingBy({ ...evidence, age, rpo, damaged: damage?.newest ?? false });
  const state = { repository, standing, age, rpo, failing };
  return { ...state, issues: issuesOf(evidence, state, now) };
}

interface Reading {
  readonly newestComplete: Instant | null;
  readonly age: Duration | null;
  readonly rpo: Duration | null;
  readonly damaged: boolean;
  readonly unansweredAt: Instant | null;
}

function standingBy({ newestComplete, age, rpo, damaged, unansweredAt }: Reading): Standing {
  if (newestComplete === null) return 'none';
  if (damaged) return 'damaged';
  if (age === null) return 'future';
  if (rpo !== null && age > rpo) return 'stale';
  return unansweredAt === null ? 'fresh' : 'unanswered';
}

/** Being asked to stop is not failing: the age of the newest copy says soon enough whether it matters. */
const FAILED: ReadonlySet<Outcome> = new Set(['failed', 'timed-out', 'blocked']);

/** Something complete was made after the last attempt that is known, by another run whose record is lost. */
const superseded = ({ newestComplete, lastAttempt }: RepositoryEvidence): boolean =>
  newestComplete !== null && lastAttempt !== null && newestComplete > lastAttempt.at;

function issuesOf(evidence: RepositoryEvidence, state: Omit<RepositoryStanding, 'issues'>, now: Instant): string[] {
  const { repository, lastAttempt, damage, failedDrill, unansweredAt } = evidence;
  const { standing, age, rpo, failing } = state;
  const issues: string[] = [];
  if (standing === 'none') issues.push(`no complete copy in ${repository}`);
  if (standing === 'future') issues.push(`the copy in ${repository} is dated in the future: was the clock set back?`);
  if (standing === 'stale' && age !== null && rpo !== null) {
    issues.push(`${repository}: ${describeDuration(age)} old, owed within ${describeDuration(rpo)}`);
  }
  if (unansweredAt !== null) issues.push(`${repository} did not answer${ago(unansweredAt, now)}`);
  if (damage) {
    const what = damage.newest ? 'the newest copy' : 'an older copy';
    issues.push(`${repository} is damaged: ${what} cannot be read whole (found${ago(damage.since, now)})`);
  }
  if (failedDrill)
    issues.push(`a drill from ${repository} did not succeed${ago(failedDrill.at, now)}: ${failedDrill.reason}`);
  if (lastAttempt && (failing || (lastAttempt.outcome === 'partial' && !superseded(evidence)))) {
    issues.push(`last run to ${repository}: ${lastAttempt.outcome}${ago(lastAttempt.at, now)}`);
  }
  return issues;
}

const ago = (at: Instant, now: Instant): string => (at > now ? '' : ` ${describeDuration(elapsed(at, now))} ago`);
