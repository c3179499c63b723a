// What is wrong as long as it is so, whether or not a run says it: copies that are too old, what was due and did not run, holds
// that were forgotten, dead runs that nobody cleaned up after, pools that do not do well, channels that nothing comes through to.

import { cadenceOf } from '../../config/cadence.ts';
import type { Configuration } from '../../config/configuration.ts';
import { nextElapse, parseCalendar } from '../../domain/calendar.ts';
import { describeDuration, duration, type Duration } from '../../domain/duration.ts';
import { heldHint, heldWords } from '../../domain/empty-start.ts';
import { expectedInterval } from '../../domain/frequency.ts';
import { elapsed, type Instant, later, parseInstant } from '../../domain/instant.ts';
import { localMinute } from '../../domain/local-time.ts';
import { jobName } from '../../domain/naming.ts';
import type { Item, OpenProblem, Problem } from '../../domain/notification.ts';
import type { Journal } from '../../journal/journal.ts';
import type { HoldfastError } from '../../lib/errors.ts';
import { HELD_TIMERS_KIND, holdRecord, LASTING_HOLD_KIND } from '../gate/hold-record.ts';
import { heldServices } from '../recover/empty-starts.ts';
import { diedHolding } from '../runner/dead-runs.ts';
import { endsOf, GRACE, graceOf, lastOf, patienceOf, patienceWith, stepsOf } from '../schedule/attendance.ts';
import { type ScheduledJob, scheduledJobs } from '../schedule/scheduled-jobs.ts';
import type { JobStatus, StatusReport } from '../status/status.ts';
import { stuckChannels } from '../status/stuck-channels.ts';
import type { StorageLook } from './look-at-storage.ts';
import { storageConditions } from './storage-conditions.ts';

export interface ConditionSource {
  readonly config: Configuration;
  readonly journal: Journal;
  readonly status: StatusReport;
  /** Steps of runs that are at work now. */
  readonly working: ReadonlySet<string>;
  readonly now: Instant;
  /** Why the configuration does not hold; null: it does. */
  readonly broken: HoldfastError | null;
  readonly storage: StorageLook | null;
  /** What is being told. */
  readonly open: readonly OpenProblem[];
}

export function conditionsOf(source: ConditionSource): Problem[] {
  const stale = staleCopies(source);
  return [
    ...unreadable(source),
    ...stale,
    ...missed(source, stale),
    ...holds(source),
    ...onNothing(source),
    ...leftovers(source),
    ...storageConditions(source),
    ...stuck(source),
  ];
}

const nothing: Omit<Item, 'subject' | 'operation' | 'outcome' | 'message' | 'at'> = {
  service: null,
  repository: null,
  unit: null,
  dataset: null,
  tail: [],
  hint: null,
  runId: null,
  startedAt: null,
  durationSeconds: null,
};

/** Whoever is at work on it saves more than once. */
const EDITING = duration(5, 'm');

const unreadable = ({ broken, now }: ConditionSource): Problem[] =>
  broken === null
    ? []
    : [
        {
          key: 'configuration',
          kind: 'backup-failure',
          cause: 'configuration',
          group: 'configuration',
          source: 'condition',
          patience: EDITING,
          item: {
            ...nothing,
            subject: 'this host',
            operation: 'load',
            outcome: 'failed',
            message: `the configuration does not hold, so that nothing runs: ${broken.message}`,
            hint: 'holdfast config check',
            at: now,
          },
        },
      ];

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

/** They were to end by themselves. Until then no backup starts. */
function holds({ journal, now }: ConditionSource): Problem[] {
  const kept = journal.keptEffects(LASTING_HOLD_KIND);
  const records = kept.map(({ payload }) => holdRecord(payload));
  const until = Math.max(0, ...records.map((record) => record.until ?? 0)) as Instant;
  if (kept.length === 0 || until >= now) return [];
  return [
    holdProblem(
      'hold',
      `they were to be released at ${localMinute(until)}, and are not`,
      records.flatMap(({ timers }) => timers),
      until,
    ),
  ];
}

function holdProblem(key: string, why: string, timers: readonly string[], at: Instant): Problem {
  const names = [...new Set(timers)].toSorted();
  return {
    key,
    kind: 'hold-forgotten',
    cause: 'held',
    group: 'hold',
    source: 'condition',
    patience: 0,
    item: {
      ...nothing,
      subject: names.join(', '),
      operation: 'hold',
      outcome: 'held',
      message: `no backup starts by itself: timers are on hold (${someOf(names)}); ${why}`,
      hint: 'holdfast gate release',
      at,
    },
  };
}

const MOST_NAMED = 5;
const someOf = (names: readonly string[]): string =>
  names.length <= MOST_NAMED + 1
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`;

/** As long as nobody has looked. */
const onNothing = ({ journal }: ConditionSource): Problem[] =>
  heldServices(journal).map((held) => ({
    key: `empty:${held.service}`,
    kind: 'preseed-failure',
    cause: 'started empty',
    group: 'started empty',
    source: 'condition',
    patience: 0,
    item: {
      ...nothing,
      subject: held.service,
      service: held.service,
      operation: 'recover',
      outcome: 'held',
      message: heldWords(held),
      hint: heldHint(held),
      at: held.since,
    },
  }));

/** A run that died with something in the air: nobody may have noticed. */
const leftovers = ({ journal }: ConditionSource): Problem[] =>
  diedHolding(journal).map((run) => {
    const key = `died:${run.id}`;
    const held = run.effects.filter(({ kind }) => kind === HELD_TIMERS_KIND);
    if (held.length > 0) {
      const timers = held.flatMap(({ payload }) => holdRecord(payload).timers);
      return holdProblem(key, 'the gate that held them died', timers, run.startedAt);
    }
    const what = [...new Set(run.effects.map(({ kind }) => kind))].join(', ');
    return {
      key,
      kind: 'backup-failure',
      cause: 'died',
      group: key,
      source: 'condition',
      patience: 0,
      item: {
        ...nothing,
        subject: `${run.kind} ${run.id}`,
        operation: 'leftovers',
        outcome: 'interrupted',
        message: `its process is gone, and what it had made is still there: ${what}`,
        hint: 'Any `holdfast run` or `holdfast restore` cleans up first, and says what it did.',
        runId: run.id,
        at: run.startedAt,
      },
    };
  });

/** Told by whichever other channel works. */
const stuck = ({ config, journal, now }: ConditionSource): Problem[] =>
  stuckChannels(config, journal, now).map(({ channel, since, waiting, error, hint }) => ({
    key: `undelivered:${channel}`,
    kind: 'undelivered',
    cause: 'stuck',
    group: channel,
    source: 'condition',
    patience: 0,
    item: {
      ...nothing,
      subject: channel,
      operation: 'deliver',
      outcome: 'failed',
      message: `nothing comes through to ${channel}${waiting === null ? '' : `, ${waiting}`}: ${error}`,
      hint,
      at: since,
    },
  }));
