// What the record of such a life should say, whichever of the jobs of one hour came first.

import type { Report } from '../../../src/domain/report.ts';
import { type Life, runsOf } from './unattended-life.ts';

export const asTime = (at: number): string => new Date(at * 1000).toISOString();

/** Seconds from the time of a timer to the start of the run that it is for: the accuracy of a timer, and Node.js starting. */
const PROMPT = 120;

/** Timers whose runs are not those that systemd says were due: each once, and what was missed while it was off once after the boot. */
export function untimely(life: Life): object[] {
  const { from, until } = life.stretch.off;
  return life.timers.flatMap(({ unit, due }) => {
    const expected = due.filter((at) => at * 1000 < from || at * 1000 >= until);
    if (expected.length < due.length) expected.push(until / 1000);
    expected.sort((one, other) => one - other);
    const started = runsOf(life, unit).map(startOf);
    const late = expected.map((at, index) => (started[index] ?? NaN) - at);
    const timely = started.length === expected.length && late.every((each) => each >= 0 && each < PROMPT);
    return timely ? [] : [{ unit, expected: expected.map(asTime), started: started.map(asTime) }];
  });
}

const startOf = ({ startedAt }: Report): number => Date.parse(startedAt) / 1000;

/** What happened to a service: event, service, and since when it was so. */
export type Happening = readonly [event: string, service: string, since: string];

/**
 * What of that was not told once within a day, in its order, and what was told beside it; none when all is well. With a repository
 * fails what is of no service, too (retention, refresh): whichever job comes first is told at once, and more of the same is told
 * together, at the next occasion after half an hour.
 */
export function mistold(life: Life, happened: readonly Happening[]): string[] {
  const told = firstTold(life).flatMap(({ at, event, services }) => services.map((service) => ({ at, event, service })));
  const left = [...told];
  const untold = happened.filter(([event, service, since]) => {
    const late = (at: number): number => at - Date.parse(since) / 1000;
    const index = left.findIndex((each) => each.event === event && each.service === service);
    const [found] = index === -1 ? [] : left.splice(index, 1);
    return found === undefined || late(found.at) < 0 || late(found.at) > DAY;
  });
  return [
    ...untold.map((each) => `not told in time: ${each.join(' ')}`),
    ...left.map(({ at, event, service }) => `told: ${event} ${service} ${asTime(at)}`),
  ];
}

const DAY = 86_400;

/** Days of the first messages of that event, whatever they are about. */
export const toldDays = (life: Life, event: string): string[] =>
  firstTold(life)
    .filter((each) => each.event === event)
    .map(({ at }) => asTime(at).slice(0, 10));

interface Told {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly event: string;
  readonly services: readonly string[];
}

/** Without reminders. */
const firstTold = ({ told }: Life): Told[] =>
  told
    .filter(([, , , , title = '']) => !title.startsWith('Still: '))
    .map(([at, event = '', services = '']) => ({
      at: Number(at),
      event,
      services: services.split(' ').filter(Boolean),
    }));
