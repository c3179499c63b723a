// What recurs, started by the agent where no timers do: by the same command as theirs, as a child. While a deployment holds the
// backups of this host nothing that opens a repository is started; what came due meanwhile is, once, when it is over.

import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Configuration } from '../config/configuration.ts';
import { duration } from '../domain/duration.ts';
import { EXIT } from '../domain/exit-code.ts';
import { formatInstant } from '../domain/instant.ts';
import type { Health } from '../engine/api/health-shape.ts';
import { holdInForce } from '../engine/gate/in-force.ts';
import { scheduleStore } from '../engine/schedule/schedule-memory.ts';
import { type ScheduledJob, scheduledJobs } from '../engine/schedule/scheduled-jobs.ts';
import type { Journal } from '../journal/journal.ts';
import type { Clock } from '../lib/clock.ts';
import type { Jobs } from './jobs.ts';
import type { Logger } from './log.ts';
import { Scheduler } from './scheduler.ts';

export interface ScheduleWorld {
  readonly journal: { now(): Journal };
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Schedule extends AsyncDisposable {
  readonly health: () => Health['schedule'];
  /** From now on what this configuration says. */
  readonly follow: (configuration: Configuration) => void;
}

/** A release is written by another process, and nobody is in a hurry. */
const LOOK_FOR_RELEASE = duration(10, 's');

/** Where systemd is, its timers do it, unless the configuration says otherwise. */
export async function beginSchedule(configuration: Configuration, world: ScheduleWorld): Promise<Schedule> {
  const { agent, stateDir, host } = configuration;
  if (!(agent.schedule ?? !existsSync('/run/systemd/system'))) return inactive;
  const { clock, log } = world;
  let listed = scheduledJobs(configuration);
  const scheduler = await Scheduler.begin({
    jobs: listed,
    place: { zone: Intl.DateTimeFormat().resolvedOptions().timeZone, host },
    clock,
    store: scheduleStore(stateDir),
    free: (job, signal) => released(job, world, signal),
    start: (job, signal) => start(job, world, signal),
    failed: (job, error) =>
      log.error(
        { err: error, job: job?.id ?? null },
        job ? 'what was scheduled could not be started' : 'the schedule has trouble',
      ),
  });
  return {
    health: () => {
      const { next } = scheduler;
      return {
        active: true,
        jobs: listed.length,
        next: next && { job: next.job.id, at: formatInstant(next.at) },
      };
    },
    follow: (changed) => {
      listed = scheduledJobs(changed);
      scheduler.replace(listed).catch((error: unknown) => log.error({ err: error }, 'the schedule could not be changed'));
    },
    [Symbol.asyncDispose]: () => scheduler[Symbol.asyncDispose](),
  };
}

const inactive: Schedule = {
  health: () => ({ active: false, jobs: 0, next: null }),
  follow: () => {},
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

async function released(job: ScheduledJob, { journal, log }: ScheduleWorld, signal: AbortSignal): Promise<void> {
  if (job.repositories.length === 0) return;
  for (let looks = 0; holdInForce(journal.now()); looks += 1) {
    if (looks === 0) log.info({ job: job.id }, 'due, and held by a deployment');
    // oxlint-disable-next-line no-await-in-loop -- one look after the other is the point
    await delay(LOOK_FOR_RELEASE, undefined, { signal });
  }
}

async function start(job: ScheduledJob, { jobs, log }: ScheduleWorld, signal: AbortSignal): Promise<void> {
  log.info({ job: job.id }, 'starting');
  const { exitCode, lastWords } = await jobs.run({ argv: job.argv, subject: job.id }, signal);
  if (exitCode !== EXIT.ok) log.warn({ job: job.id, exitCode, said: lastWords.slice(-5) }, 'ended with failures');
}
