// Which scheduled jobs are due, and when the next one is: for a host without systemd's timers, and as they have it. Each time
// of a calendar is run once, or made up for together with the others that were missed; none is run twice. Pure.

import { createHash } from 'node:crypto';
import { type Calendar, nextElapse, parseCalendar } from '../../domain/calendar.ts';
import { duration, type Duration } from '../../domain/duration.ts';
import { elapsed, type Instant, later } from '../../domain/instant.ts';
import type { ScheduledJob } from './scheduled-jobs.ts';

/** What has to outlive the process: by job, up to when its times are dealt with, and of which schedule they are. */
export type ScheduleMemory = ReadonlyMap<string, Dealt>;

export interface Dealt {
  readonly until: Instant;
  readonly frequency: string;
}

export interface Entry {
  readonly job: ScheduledJob;
  readonly calendar: Calendar;
  /** After each time of its calendar. */
  readonly delay: Duration;
  readonly until: Instant;
  /** When it is to be started next; null: never. */
  readonly planned: Instant | null;
}

export interface Place {
  /** Of the machine: an IANA name, or UTC. */
  readonly zone: string;
  /** Its random delays are its own. */
  readonly host: string;
}

export type Timetable = readonly Entry[];

/** A job that has none before begins with its next time, as does one whose schedule is another now. */
export function timetable(jobs: readonly ScheduledJob[], memory: ScheduleMemory, now: Instant, place: Place): Timetable {
  return jobs.map((job) => {
    const calendar = parseCalendar(job.frequency);
    if (calendar === null) throw new RangeError(`'${job.frequency}' of ${job.id} is no schedule`);
    const dealt = memory.get(job.id);
    const until = dealt?.frequency === job.frequency ? dealt.until : now;
    return plan({ job, calendar, delay: delayOf(job, place.host), until, planned: null }, until, place);
  });
}

/** What is not made up for needs no memory. */
export const memoryOf = (table: Timetable): ScheduleMemory =>
  new Map(table.filter(({ job }) => job.catchUp).map(({ job, until }) => [job.id, { until, frequency: job.frequency }]));

export interface Due {
  /** To be started now. */
  readonly start: readonly ScheduledJob[];
  /** With these dealt with; the same object when nothing has changed. */
  readonly table: Timetable;
  /** When to ask again, unless a job ends or the clock is set before; null: never. */
  readonly next: Instant | null;
}

/** Later than that, a time has been missed. */
const IN_TIME = duration(2, 'm');
/** A clock that was further ahead was wrong: what was run by it is no reason for silence until then. */
const BELIEVED_AHEAD = duration(25, 'h');

/** A job that still runs is not due; when it has ended, what came meanwhile is, once. */
export function due(table: Timetable, running: ReadonlySet<string>, now: Instant, place: Place): Due {
  const start: ScheduledJob[] = [];
  let next: Instant | null = null;
  let looked: Entry[] | null = null; // most looks change nothing
  for (let index = 0; index < table.length; index += 1) {
    const known = table[index];
    if (known === undefined) break;
    const entry = lookAt(known, running.has(known.job.id), now, place, start);
    if (entry !== known) (looked ??= [...table])[index] = entry;
    const { planned } = entry;
    if (planned !== null && planned > now && (next === null || planned < next)) next = planned;
  }
  return { start, table: looked ?? table, next };
}

/** With the times of that job up to now dealt with, however many there were: it begins, later than it was due. */
export const deal = (table: Timetable, id: string, now: Instant, place: Place): Timetable =>
  table.map((entry) => (entry.job.id === id ? plan(entry, earlier(now, entry.delay), place) : entry));

/** Adds its job to those to be started where it is due, and plans its next time. */
function lookAt(known: Entry, runs: boolean, now: Instant, place: Place, start: ScheduledJob[]): Entry {
  const entry = elapsed(now, known.until) > BELIEVED_AHEAD ? plan(known, now, place) : known;
  if (runs || entry.planned === null || entry.planned > now) return entry;
  if (entry.job.catchUp || isInTime(entry, now, place)) start.push(entry.job);
  return plan(entry, earlier(now, entry.delay), place);
}

/** Whether there was a time just now, whatever was missed before it. */
function isInTime({ calendar, delay }: Entry, now: Instant, { zone }: Place): boolean {
  const latest = earlier(now, delay);
  const last = nextElapse(calendar, earlier(latest, IN_TIME), zone);
  return last !== null && last <= latest;
}

const earlier = (at: Instant, by: Duration): Instant => (at - by) as Instant;

function plan(entry: Entry, until: Instant, { zone }: Place): Entry {
  const elapse = nextElapse(entry.calendar, until, zone);
  return { ...entry, until, planned: elapse === null ? null : later(elapse, entry.delay) };
}

/** The same each time on one host, and another for each job and host: a fleet does not knock all at once. */
export function delayOf({ id, randomizedDelay }: ScheduledJob, host: string): Duration {
  if (randomizedDelay === null) return duration(0, 's');
  const share = createHash('sha256').update(`${host}\0${id}`).digest().readUInt32BE() / 2 ** 32;
  return duration(Math.floor((randomizedDelay * share) / 1000), 's');
}
