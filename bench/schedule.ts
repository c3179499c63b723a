// A simulated month of a thousand scheduled jobs, looked at every minute as the agent does: how long all its looks take together,
// and what they leave in memory.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nextElapse, parseCalendar } from '../src/domain/calendar.ts';
import { duration } from '../src/domain/duration.ts';
import { expectedInterval } from '../src/domain/frequency.ts';
import { type Instant, later } from '../src/domain/instant.ts';
import type { ScheduledJob } from '../src/engine/schedule/scheduled-jobs.ts';
import { due, timetable } from '../src/engine/schedule/timetable.ts';

const JOBS = 1000;
const DAYS = 31;
const LIMIT = 2000; // ms
const GROWTH_LIMIT = 8; // MB
const PLACE = { zone: 'Europe/Berlin', host: 'bench' };
const BEGIN = Date.parse('2026-03-10T12:00:00Z') as Instant;

export function scheduleBench(): Promise<string> {
  const jobs = Array.from({ length: JOBS }, (_, index) => job(index));
  const begin = process.cpuUsage();
  let table = timetable(jobs, new Map(), BEGIN, PLACE);
  let [started, looks] = [0, 0];
  const end = later(BEGIN, duration(DAYS, 'd'));
  const before = heap();
  for (let now: Instant = BEGIN; now <= end; now = later(now, duration(1, 'm'))) {
    const looked = due(table, new Set(), now, PLACE);
    table = looked.table;
    started += looked.start.length;
    looks += 1;
  }
  const { user, system } = process.cpuUsage(begin);
  const figure = (user + system) / 1000;
  const growth = Math.max(0, heap() - before);
  const verdict = figure <= LIMIT && growth <= GROWTH_LIMIT ? 'reached' : 'MISSED';
  return Promise.resolve(`${JOBS} scheduled jobs for ${DAYS} days, looked at every minute (${looks} looks, ${started} starts)
  ${figure.toFixed(0)} ms of a processor, at most ${LIMIT} ms; ${growth.toFixed(1)} MB more in the heap, at most ${GROWTH_LIMIT} MB: ${verdict}
  the next time of a calendar: ${microseconds('*:0/15')} us every quarter of an hour, ${microseconds('Mon,Thu *-*-* 02:00')} us twice a week
  the interval of a schedule, the first time: ${intervals().toFixed(2)} ms
`);
}

/** MB that are still held. */
function heap(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed / 1e6;
}

/** Most are daily at times of their own; some hourly, weekly or monthly. */
function job(index: number): ScheduledJob {
  const daily = `*-*-* ${index % 24}:${index % 60}`;
  const frequency =
    ['hourly', 'weekly', 'monthly', 'Mon..Fri 22:30', daily, daily, daily, daily, daily, daily][index % 10] ?? daily;
  return {
    id: `run:service-${index}`,
    kind: 'run',
    subject: `service-${index}`,
    title: '',
    service: `service-${index}`,
    repositories: ['nas'],
    argv: ['run', `service-${index}`],
    frequency,
    randomizedDelay: duration(1, 'h'),
    catchUp: true,
  };
}

function microseconds(text: string): string {
  const calendar = parseCalendar(text);
  if (calendar === null) throw new Error(text);
  const rounds = 20_000;
  const begin = performance.now();
  let at: Instant = BEGIN;
  for (let round = 0; round < rounds; round += 1) at = nextElapse(calendar, at, PLACE.zone) ?? BEGIN;
  return (((performance.now() - begin) / rounds) * 1000).toFixed(1);
}

function intervals(): number {
  const count = 500;
  const begin = performance.now();
  for (let index = 0; index < count; index += 1)
    expectedInterval(`*-*-* ${index % 24}:${index % 60}:${index % 59},${Math.floor(index / 60)}`);
  return (performance.now() - begin) / count;
}
