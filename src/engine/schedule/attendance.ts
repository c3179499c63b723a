// Whether what recurs really ran: when it last ended, by what it left in the journal, and how long after that it is missed. Pure
// over the journal. Telling of metrics and messages leaves nothing there.

import { duration, type Duration } from '../../domain/duration.ts';
import { expectedInterval } from '../../domain/frequency.ts';
import { type Instant, later } from '../../domain/instant.ts';
import { type ScheduledKind, stepId } from '../../domain/naming.ts';
import type { Journal } from '../../journal/journal.ts';
import type { ScheduledJob } from './scheduled-jobs.ts';

export type AttendanceJournal = Pick<Journal, 'latestSteps' | 'latestRuns'>;

/** Steps that a run of it has; none of what leaves no trace. */
export function stepsOf({ kind, subject, service, repositories }: ScheduledJob): string[] {
  switch (kind) {
    case 'run':
      return service === null ? [] : repositories.map((name) => stepId.backup(service, name));
    case 'drill':
      return service === null ? [] : repositories.map((name) => stepId.drill(service, name));
    case 'verify':
      return repositories.map((name) => stepId.verify(name));
    case 'retention':
      return repositories.flatMap((name) => [stepId.retention(name), stepId.prune(name)]);
    case 'refresh':
      return repositories.map((name) => stepId.refresh(name));
    case 'archive':
      return subject === null ? [] : [stepId.server('archive', subject)];
    case 'replicate':
      return subject === null ? [] : [stepId.lag(subject)];
    default:
      return [];
  }
}

/** Of the host as a whole; deciding what would be removed has the same steps, and is no application. */
const isWhole = ({ kind }: ScheduledJob): boolean => WHOLE.has(kind);
const WHOLE: ReadonlySet<ScheduledKind> = new Set(['retention', 'refresh', 'drift', 'snapshot-take', 'snapshot-prune']);

/** When runs of each ended, as many as are known; by the id of the job. One query, however many there are. */
export function endsOf(jobs: readonly ScheduledJob[], journal: AttendanceJournal): ReadonlyMap<string, readonly Instant[]> {
  const steps = jobs.flatMap((job) => (isWhole(job) ? [] : stepsOf(job).map((id) => ({ job, id }))));
  const found = journal.latestSteps(steps.map(({ id }) => id));
  const runs = jobs.some(isWhole) ? journal.latestRuns() : [];
  const ends = new Map<string, Instant[]>(jobs.map(({ id }) => [id, []]));
  for (const [index, { job }] of steps.entries()) {
    const at = found[index]?.endedAt ?? null;
    if (at !== null) ends.get(job.id)?.push(at);
  }
  for (const job of jobs.filter(isWhole))
    ends.get(job.id)?.push(...runs.filter(({ kind }) => kind === job.kind).map(({ endedAt }) => endedAt));
  return ends;
}

/** A machine that was off catches up first; then it is told. */
export const GRACE = duration(1, 'h');
const UNKNOWN_INTERVAL = duration(26, 'h');

/** To queue and to work in, beyond the random delay. */
export const graceOf = (interval: Duration | null, { randomizedDelay }: Pick<ScheduledJob, 'randomizedDelay'>): Duration =>
  ((randomizedDelay ?? 0) + Math.max(GRACE, (interval ?? 0) / 10)) as Duration;

/** How long after its last run, or after it was declared, it is missed in any case. */
export const patienceOf = (interval: Duration | null, job: Pick<ScheduledJob, 'randomizedDelay'>): Duration =>
  ((interval ?? UNKNOWN_INTERVAL) + graceOf(interval, job)) as Duration;

/** Null for what leaves no trace, or comes once. */
export function patienceWith(job: ScheduledJob): Duration | null {
  const interval = expectedInterval(job.frequency);
  return interval === null || (!isWhole(job) && stepsOf(job).length === 0) ? null : patienceOf(interval, job);
}

/** The latest; a clock that was far ahead is no reason for silence until then. */
export function lastOf(ends: readonly Instant[], patience: Duration, now: Instant): Instant | null {
  const believed = ends.filter((at) => at <= later(now, patience));
  return believed.length === 0 ? null : (Math.max(...believed) as Instant); // the latest of instants is one
}

/** Of each kind the longest, without what leaves no trace. */
export function patienceOfKinds(jobs: readonly ScheduledJob[]): ReadonlyMap<ScheduledKind, Duration> {
  const longest = new Map<ScheduledKind, Duration>();
  for (const job of jobs) {
    const patience = patienceWith(job);
    if (patience !== null && patience > (longest.get(job.kind) ?? 0)) longest.set(job.kind, patience);
  }
  return longest;
}
