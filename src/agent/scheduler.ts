// Starts the scheduled jobs of a host without systemd's timers when they are due. It sleeps until the next one, but never for
// long: a machine that slept and a clock that was set are noticed within a minute.

import { duration, type Duration } from '../domain/duration.ts';
import { elapsed, type Instant } from '../domain/instant.ts';
import type { ScheduledJob } from '../engine/schedule/scheduled-jobs.ts';
import type { ScheduleStore } from '../engine/schedule/schedule-memory.ts';
import { deal, due, memoryOf, type Place, type Timetable, timetable } from '../engine/schedule/timetable.ts';
import type { Clock } from '../lib/clock.ts';
import { Semaphore } from '../lib/semaphore.ts';

export interface SchedulerOptions {
  readonly jobs: readonly ScheduledJob[];
  readonly place: Place;
  readonly clock: Clock;
  readonly store: ScheduleStore;
  /** Resolves when nothing keeps it from being started. Until then its time is not dealt with: another agent makes up for it. */
  readonly free?: (job: ScheduledJob, signal: AbortSignal) => Promise<void>;
  /** Runs it to its end; rejects only with what could not be told elsewhere. */
  readonly start: (job: ScheduledJob, signal: AbortSignal) => Promise<void>;
  /** Of a job that rejected, or (null) of the schedule itself: a memory that could not be written, a look that failed. */
  readonly failed: (job: ScheduledJob | null, error: unknown) => void;
  /** Jobs that open repositories, at once; the others never wait. */
  readonly atOnce?: number;
  readonly timer?: (after: Duration, look: () => void) => Disposable;
}

/** A clock may be set, and a machine sleep, without anybody being told. */
const LONGEST_SLEEP = duration(1, 'm');
const AT_ONCE = 8;

export class Scheduler implements AsyncDisposable {
  readonly #options: SchedulerOptions;
  readonly #stop = new AbortController();
  readonly #turns: Semaphore;
  readonly #running = new Map<string, Promise<void>>();
  #table: Timetable;
  #sleep: Disposable | null = null;
  #looking: Promise<void> = Promise.resolve();

  private constructor(options: SchedulerOptions, table: Timetable) {
    this.#options = options;
    this.#table = table;
    this.#turns = new Semaphore(options.atOnce ?? AT_ONCE);
  }

  /** What was missed while there was none is started at once. */
  static async begin(options: SchedulerOptions): Promise<Scheduler> {
    const { jobs, store, clock, place } = options;
    const memory = await store.read();
    const scheduler = new Scheduler(options, timetable(jobs, memory, clock.now(), place));
    await scheduler.#remember(); // those that are new begin now, also if this process ends before their first time
    await scheduler.look();
    return scheduler;
  }

  /** When the next one is planned, for whoever asks; null: none is. */
  get next(): { readonly job: ScheduledJob; readonly at: Instant } | null {
    let soonest: { job: ScheduledJob; at: Instant } | null = null;
    for (const { job, planned } of this.#table) {
      if (planned !== null && (soonest === null || planned < soonest.at)) soonest = { job, at: planned };
    }
    return soonest;
  }

  /** From now on these; what runs is left to run, and a job that stays keeps what it remembers. */
  async replace(jobs: readonly ScheduledJob[]): Promise<void> {
    const { clock, place } = this.#options;
    await this.#inTurn(async () => {
      this.#table = timetable(jobs, memoryOf(this.#table), clock.now(), place);
      await this.#remember();
    });
    await this.look();
  }

  /** Starts what is due. Called by its own timer; to be called where a change of the clock is known. Never rejects. */
  look(): Promise<void> {
    return this.#inTurn(() => {
      if (this.#stop.signal.aborted) return;
      let sleep: Duration = LONGEST_SLEEP;
      try {
        sleep = this.#startWhatIsDue();
      } catch (error) {
        this.#options.failed(null, error); // and it is looked again: one bad moment does not end a schedule
      }
      this.#sleep?.[Symbol.dispose]();
      this.#sleep = (this.#options.timer ?? timeout)(sleep, () => void this.look());
    });
  }

  /** How long there is nothing to do now. */
  #startWhatIsDue(): Duration {
    const { clock, place } = this.#options;
    const now = clock.now();
    const { start, table, next } = due(this.#table, new Set(this.#running.keys()), now, place);
    this.#table = start.length === 0 ? table : beforeBegun(table, this.#table, new Set(start));
    for (const job of start) this.#start(job);
    return next === null ? LONGEST_SLEEP : (Math.min(Math.max(elapsed(now, next), 0), LONGEST_SLEEP) as Duration);
  }

  /** Starts nothing more, stops what runs, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the scheduler ends'));
    await this.#looking;
    this.#sleep?.[Symbol.dispose]();
    await Promise.all(this.#running.values());
  }

  #start(job: ScheduledJob): void {
    const run = this.#run(job).finally(() => {
      this.#running.delete(job.id);
      void this.look(); // it may have come again meanwhile
    });
    this.#running.set(job.id, run);
  }

  /** Never rejects. */
  async #run(job: ScheduledJob): Promise<void> {
    const { free, start, failed } = this.#options;
    const { signal } = this.#stop;
    try {
      await free?.(job, signal); // whoever waits for that takes nobody's turn
      using _turn = job.repositories.length === 0 ? null : await this.#turns.acquire(signal);
      await free?.(job, signal);
      signal.throwIfAborted();
      this.#deal(job);
      if (job.catchUp) await this.#remember(); // before the work: a time is given away once
      await start(job, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#deal(job); // also where it never began: it comes again at its next time, not at once and for ever
      failed(job, error);
    }
  }

  #deal({ id }: ScheduledJob): void {
    const { clock, place } = this.#options;
    this.#table = deal(this.#table, id, clock.now(), place);
  }

  /** A backup is worth more than the memory of it: what cannot be written is told, and the work goes on. */
  async #remember(): Promise<void> {
    try {
      await this.#options.store.write(memoryOf(this.#table));
    } catch (error) {
      this.#options.failed(null, error);
    }
  }

  #inTurn(work: () => Promise<void> | void): Promise<void> {
    const turn = this.#looking.then(work);
    this.#looking = turn.catch(() => {}); // told to whoever asked for that turn
    return turn;
  }
}

/** Those jobs as they were before: their times are dealt with when they begin. */
const beforeBegun = (table: Timetable, before: Timetable, jobs: ReadonlySet<ScheduledJob>): Timetable =>
  table.map((entry, index) => (jobs.has(entry.job) ? (before[index] ?? entry) : entry));

const timeout = (after: Duration, look: () => void): Disposable => {
  const timer = setTimeout(look, after);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
};
