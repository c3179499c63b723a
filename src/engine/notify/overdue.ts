// What should have happened by now: copies that are older than is owed, and jobs that were due and did not run.

import { cadenceOf } from '../../config/cadence.ts';
import type { Configuration } from '../../config/configuration.ts';
import { nextElapse, parseCalendar } from '../../domain/calendar.ts';
import { describeDuration, duration, type Duration } from '../../domain/duration.ts';
import { expectedInterval } from '../../domain/frequency.ts';
import { elapsed, type Instant, later, parseInstant } from '../../domain/instant.ts';
import { jobName } from '../../domain/naming.ts';
import type { Problem } from '../../domain/notification.ts';
import { endsOf, GRACE, graceOf, lastOf, patienceOf, patienceWith, stepsOf } from '../schedule/attendance.ts';
import { type ScheduledJob, scheduledJobs } from '../schedule/scheduled-jobs.ts';
import type { JobStatus } from '../status/status.ts';
import { type ConditionSource, nothing } from './condition.ts';

/** Each once: a job whose copies are too old is not told as missed as well. */
export function overdue(source: ConditionSource): Problem[] {
  const stale = staleCopies(source);
  return [...stale, ...missed(source, stale)];
}

function staleCopies({ config, status, now }: ConditionSource): Problem[] {
  return status.services.flatMap(({ service, jobs }) =>
    jobs.flatMap((job) => {
      const problem = staleCopy(service, job, config, now);
      return problem === null ? [] : [problem];
    }),
  );
}

function staleCopy(service: string, job: JobStatus, config: Configuration, now: Instant): Problem | null {
  const { standing, newest, rpoSeconds, repository } = job;
  if (rpoSeconds === null || (standing !== 'stale' && standing !== 'none')) return null;
  const owed = duration(rpoSeconds, 's');
  const made = newest === null ? null : parseInstant(newest.at);
  const since = made === null ? now : later(made, owed);
  const age = made === null ? null : describeDuration(elapsed(made, now));
  const message =
    age === null
      ? `there is none that is complete; one is owed every ${describeDuration(owed)}`
      : `the newest is ${age} old; one is owed every ${describeDuration(owed)}`;
  const { backup } = config.services.get(service) ?? {};
  const interval = backup ? expectedInterval(cadenceOf(backup, config.repositories.get(repository))) : null;
  return {
    key: `stale:${job.job}`,
    kind: 'stale',
    cause: standing,
    group: repository,
    source: 'condition',
    patience: made === null ? patienceOf(interval, { randomizedDelay: null }) : 0,
    item: {
      ...nothing,
      subject: job.job,
      service,
      repository,
      operation: 'copy',
      outcome: standing,
      message,
      hint: `holdfast run ${service} --repository ${repository}`,
      runId: job.lastRun?.runId ?? null,
      at: since > now ? now : since,
    },
  };
}

/** Whether the next time of its calendar, by the clock of this host, has gone by. */
function isOverdue({ frequency }: ScheduledJob, last: Instant, within: Duration, now: Instant): boolean {
  const calendar = parseCalendar(frequency);
  const next = calendar && nextElapse(calendar, last, Intl.DateTimeFormat().resolvedOptions().timeZone);
  return next !== null && later(next, within) < now;
}

/** Those that a run would have left a trace of. */
function missed(source: ConditionSource, stale: readonly Problem[]): Problem[] {
  const told = new Set(stale.map(({ key }) => key));
  const jobs = scheduledJobs(source.config);
  const ends = endsOf(jobs, source.journal);
  return jobs.flatMap((job) => {
    if (stepsOf(job).some((id) => source.working.has(id))) return [];
    const isTold =
      job.kind === 'run' && job.repositories.every((name) => told.has(`stale:${jobName(job.service ?? '', name)}`));
    const problem = isTold ? null : missedJob(job, ends.get(job.id) ?? [], source);
    return problem === null ? [] : [problem];
  });
}

const KIND_OF = {
  run: 'stale',
  verify: 'verify-failure',
  drill: 'drill-failure',
  retention: 'stale',
  refresh: 'stale',
  drift: 'stale',
  archive: 'stale',
  'snapshot-take': 'sanoid-failure',
  'snapshot-prune': 'sanoid-failure',
  replicate: 'syncoid-lag-warning',
} as const;

function missedJob(job: ScheduledJob, ends: readonly Instant[], { now }: ConditionSource): Problem | null {
  const { kind, subject, service, repositories } = job;
  const interval = expectedInterval(job.frequency);
  const due = patienceWith(job);
  if (due === null || kind === 'metrics' || kind === 'notify') return null;
  const last = lastOf(ends, due, now);
  if (last !== null && !isOverdue(job, last, graceOf(interval, job), now)) return null;
  const ran =
    last !== null
      ? `it last ran ${describeDuration(elapsed(last, now))} ago`
      : ends.length === 0
        ? 'it never ran'
        : 'its last run is dated far in the future';
  const message = `${ran}; it is due ${job.frequency}`;
  return {
    key: `missed:${job.id}`,
    kind: KIND_OF[kind],
    cause: 'missed',
    group: `missed ${kind}`,
    source: 'condition',
    patience: last === null ? due : GRACE,
    item: {
      ...nothing,
      subject: subject ?? (repositories.length === 0 ? 'datasets' : 'all repositories'),
      service,
      repository: repositories.length === 1 && subject !== null ? (repositories[0] ?? null) : null,
      operation: kind,
      outcome: 'missed',
      message,
      hint: `Is its timer there and active? holdfast units check. By hand: holdfast ${byHand(job)}`,
      at: now,
    },
  };
}

/** Without its patience: whoever types it waits no half a day. */
const byHand = ({ argv }: ScheduledJob): string => argv.join(' ').replace(/ --wait \S+$/, '');
