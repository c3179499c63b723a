// What the journal tells of one service in one repository: the copy that it is believed to hold, how the last run came out,
// what drills proved, and what is known to be damaged.

import type { ServiceConfig } from '../../config/configuration.ts';
import type { Drill } from '../../domain/drill.ts';
import { duration } from '../../domain/duration.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { type Instant, parseInstant } from '../../domain/instant.ts';
import type { Outcome } from '../../domain/outcome.ts';
import type { RepositoryEvidence } from '../../domain/standing.ts';
import type { RecordedEvidence, StepEnd } from '../../journal/journal.ts';
import { type BelievedCopy, believed, type EvidenceReader, isAt, newestFound } from './believed-copy.ts';
import { type StandingDamage, standingDamage } from './damage.ts';
import type { JobRecord } from './job-records.ts';
import type { RepositoryFacts } from './repository-facts.ts';
import type { Place } from './server-places.ts';

export interface LastRun extends StepEnd {
  readonly outcome: Outcome;
  readonly endedAt: Instant;
}

export interface JobFacts extends BelievedCopy {
  readonly repository: Place;
  readonly whole: RepositoryFacts;
  readonly lastRun: LastRun | null;
  /** The newest snapshot that the repository was found to hold, where no copy is on record. */
  readonly found: Evidence | null;
  /** The last drill that proved a copy. */
  readonly drill: RecordedEvidence | null;
  /** A drill that did not succeed, and no later one of a snapshot that is as new did. */
  readonly failedDrill: RecordedEvidence | null;
  readonly damage: StandingDamage | null;
  /** Of a PostgreSQL server: the newest look at its log in there. */
  readonly archive: RecordedEvidence | null;
  /** Of a PostgreSQL server: the repository did not answer the last time, and nothing was heard of it since. */
  readonly unansweredAt: Instant | null;
}

export interface Job {
  readonly service: Pick<ServiceConfig, 'name'>;
  readonly repository: Place;
  readonly whole: RepositoryFacts;
}

/** Asks the journal for more than the record only where there is damage, or no copy. */
export function jobFacts(
  { service, repository, whole }: Job,
  record: JobRecord,
  journal: EvidenceReader,
  now: Instant,
): JobFacts {
  const { lastStep } = record;
  const job = { service: service.name, repository: repository.name, place: whole.place };
  const { copy: believedIn, future, elsewhere, gone: missed } = believed(record, journal, job, now);
  const archive = archiveAt(whole.place, record.archive, now);
  const absence = believedIn && absenceOf(believedIn, archive);
  const copy = absence?.kind === 'gone' ? null : believedIn;
  const gone = absence?.kind === 'gone' && believedIn ? { backup: believedIn, missing: absence.look } : missed;
  return {
    repository,
    whole,
    copy,
    future,
    elsewhere,
    gone,
    found: copy || gone ? null : newestFound(journal, job),
    lastRun: lastStep && hasEnded(lastStep) ? lastStep : null,
    ...drillsAt(whole.place, record.drills, now),
    damage: standingDamage(journal, job, whole, now),
    archive,
    unansweredAt: absence?.kind === 'unanswered' ? absence.look.at : null,
  };
}

/** A look that is dated in the future says nothing of now. */
const archiveAt = (place: string, look: RecordedEvidence | null, now: Instant): RecordedEvidence | null =>
  look !== null && look.at <= now && isAt(place, look) ? look : null;

/** What the newest look says of a backup that was there before: none of it can be had back, or nobody knows. */
function absenceOf(
  copy: RecordedEvidence,
  look: RecordedEvidence | null,
): { readonly kind: 'gone' | 'unanswered'; readonly look: RecordedEvidence } | null {
  if (look === null || copy.detail['tool'] === 'restic' || look.at <= copy.at || look.runId < copy.runId) return null;
  if (look.detail['answered'] === false) return { kind: 'unanswered', look };
  return look.detail['restorableUntil'] === null ? { kind: 'gone', look } : null;
}

const hasEnded = (step: StepEnd): step is LastRun => step.endedAt !== null && step.outcome !== 'running';

function drillsAt(
  place: string,
  recorded: readonly RecordedEvidence[],
  now: Instant,
): Pick<JobFacts, 'drill' | 'failedDrill'> {
  const drills = recorded.filter((fact) => isAt(place, fact)).toSorted((a, b) => (a.runId < b.runId ? 1 : -1)); // which was last, also where a clock was wrong
  const proven = drills.filter(({ complete, at }) => complete && at <= now); // a failure stands whatever its date
  const stands = (failed: RecordedEvidence): boolean =>
    !proven.some((later) => later.runId > failed.runId && isAsNew(later, failed));
  return { drill: proven[0] ?? null, failedDrill: drills.find((fact) => !fact.complete && stands(fact)) ?? null };
}

/** That an older snapshot comes back says nothing of one that did not. */
const isAsNew = (a: RecordedEvidence, b: RecordedEvidence): boolean =>
  a.snapshotId === b.snapshotId || drillOf(a).snapshotTime >= drillOf(b).snapshotTime;

export const drillOf = ({ detail }: Evidence): Drill => detail as Drill; // written from one

/** What a backup holds, or the log that goes on from it; of a copy of a server's repository what can be had out of it. */
function newestMoment(copy: RecordedEvidence, archive: RecordedEvidence | null): Instant {
  if (copy.detail['tool'] === 'restic') return restorableUntil(copy) ?? copy.at;
  const until = restorableUntil(archive);
  return until !== null && until > copy.at ? until : copy.at;
}

/** The newest moment that a look at the log has found; null where there is none. */
export function restorableUntil(archive: RecordedEvidence | null): Instant | null {
  const until = archive?.detail['restorableUntil'];
  return typeof until === 'string' ? parseInstant(until) : null;
}

/** The facts as the verdict weighs them. */
export function evidenceOf(facts: JobFacts): RepositoryEvidence {
  const { repository, copy, future, lastRun, whole, drill, failedDrill, damage } = facts;
  const newest = copy ?? future;
  const rto = drill && drillOf(drill).rtoSeconds;
  return {
    repository: repository.name,
    location: repository.location,
    medium: repository.medium,
    newestComplete: newest && newestMoment(newest, facts.archive),
    lastAttempt: lastRun && { outcome: lastRun.outcome, at: lastRun.endedAt },
    verifiedAt: whole.verifiedAt,
    damage,
    unansweredAt: facts.unansweredAt,
    drill: drill && {
      at: drill.at,
      rto: typeof rto === 'number' ? duration(rto, 's') : null,
      extrapolated: drillOf(drill).extent === 'sample',
    },
    failedDrill: failedDrill && { at: failedDrill.at, reason: drillOf(failedDrill).reason ?? 'it did not say why' },
  };
}
