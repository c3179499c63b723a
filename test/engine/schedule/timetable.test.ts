import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextElapse, parseCalendar } from '../../../src/domain/calendar.ts';
import { duration } from '../../../src/domain/duration.ts';
import { type Instant, later } from '../../../src/domain/instant.ts';
import type { ScheduledJob } from '../../../src/engine/schedule/scheduled-jobs.ts';
import { delayOf, due, memoryOf, type Timetable, timetable } from '../../../src/engine/schedule/timetable.ts';
import { at, PLACE, scheduled, SIX_HOURS } from './support.ts';

const NOBODY: ReadonlySet<string> = new Set();
const ids = (jobs: readonly ScheduledJob[]): string[] => jobs.map(({ id }) => id);
/** Which are started at each of these times, one after the other. */
function looks(from: Timetable, ...times: string[]): string[][] {
  let table = from;
  return times.map((time) => {
    const looked = due(table, NOBODY, at(time), PLACE);
    table = looked.table;
    return ids(looked.start);
  });
}

test('a job that is new begins with its next time', () => {
  const table = timetable([scheduled('a', '03:00 UTC')], new Map(), at('2026-03-01T12:00Z'), PLACE);
  assert.equal(due(table, NOBODY, at('2026-03-01T12:00Z'), PLACE).next, at('2026-03-02T03:00Z'));
  assert.deepEqual(looks(table, '2026-03-02T02:59Z', '2026-03-02T03:00Z', '2026-03-02T03:00Z'), [[], ['a'], []]);
});

test('what was missed in a week is made up for once', () => {
  const table = timetable([scheduled('a', 'hourly')], new Map(), at('2026-03-01T12:00Z'), PLACE);
  assert.deepEqual(looks(table, '2026-03-08T12:10Z', '2026-03-08T12:11Z', '2026-03-08T13:00Z'), [['a'], [], ['a']]);
});

test('a job that would not make up for it waits for its next time, but is not so strict about a minute', () => {
  const table = timetable([scheduled('m', '*:0/5', { catchUp: false })], new Map(), at('2026-03-01T12:00Z'), PLACE);
  assert.deepEqual(looks(table, '2026-03-01T12:08Z', '2026-03-01T12:09Z', '2026-03-01T12:11Z'), [[], [], ['m']]);
});

test('what ran is not run again when the clock is set back', () => {
  const table = timetable([scheduled('a', '03:00 UTC')], new Map(), at('2026-03-01T12:00Z'), PLACE);
  const told = looks(table, '2026-03-02T03:00Z', '2026-03-02T01:00Z', '2026-03-02T03:00Z', '2026-03-03T03:00Z');
  assert.deepEqual(told, [['a'], [], [], ['a']]);
});

test('a clock that was years ahead is no reason for silence until then', () => {
  const table = timetable([scheduled('a', '03:00 UTC')], new Map(), at('2026-03-01T12:00Z'), PLACE);
  const told = looks(table, '2036-03-02T03:00Z', '2026-03-01T12:05Z', '2026-03-02T03:00Z', '2026-03-02T03:01Z');
  assert.deepEqual(told, [['a'], [], ['a'], []]);
});

test('a job that still runs is due once after it has ended', () => {
  const table = timetable([scheduled('a', 'hourly')], new Map(), at('2026-03-01T12:30Z'), PLACE);
  const running = due(table, new Set(['a']), at('2026-03-01T15:10Z'), PLACE);
  assert.deepEqual([ids(running.start), running.next], [[], null]);
  assert.deepEqual(looks(running.table, '2026-03-01T15:20Z', '2026-03-01T15:21Z'), [['a'], []]);
});

test('a schedule that was changed owes nothing for the time before', () => {
  const before = timetable([scheduled('a', '03:00')], new Map(), at('2026-03-01T12:00Z'), PLACE);
  const table = timetable([scheduled('a', 'hourly')], memoryOf(before), at('2026-03-01T22:30Z'), PLACE);
  assert.deepEqual(looks(table, '2026-03-01T22:31Z', '2026-03-01T23:00Z'), [[], ['a']]);
});

test('a delay is the same each time, another for each host and job, and within its bounds', () => {
  const job = scheduled('a', 'daily', { randomizedDelay: SIX_HOURS });
  const delays = Array.from({ length: 200 }, (_, index) => delayOf({ ...job, id: `job ${index}` }, 'attic'));
  assert.equal(delayOf(job, 'attic'), delayOf(job, 'attic'));
  assert.notEqual(delayOf(job, 'attic'), delayOf(job, 'cellar'));
  assert.ok(delays.every((delay) => delay >= 0 && delay < SIX_HOURS && delay % 1000 === 0));
  assert.ok(new Set(delays).size > 190);
  const spread = delays.filter((delay) => delay < SIX_HOURS / 2).length;
  assert.ok(spread > 60 && spread < 140, `${spread} of 200 are in the first half`);
});

interface Happening {
  readonly what: 'wake' | 'sleep' | 'ahead' | 'back' | 'restart' | 'end';
  readonly minutes: number;
  readonly who: number;
}

const frequencies = fc.constantFrom(
  '*:0/10',
  'hourly',
  '0/3:30',
  'daily',
  '02:30',
  'Mon,Thu 04:00',
  '*-*~1 12:00',
  '*:0/7 UTC',
);
const jobsArbitrary = fc
  .array(fc.record({ frequency: frequencies, delayed: fc.boolean(), catchUp: fc.boolean() }), { minLength: 1, maxLength: 6 })
  .map((list) =>
    list.map(({ frequency, delayed, catchUp }, index) =>
      scheduled(`job ${index}`, frequency, { catchUp, randomizedDelay: delayed ? SIX_HOURS : null }),
    ),
  );
const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.record({
    what: fc.constantFrom('wake', 'wake', 'wake', 'sleep', 'ahead', 'back', 'restart', 'end'),
    minutes: fc.integer({ min: 1, max: 23 * 60 }),
    who: fc.nat({ max: 5 }),
  }),
  { minLength: 20, maxLength: 120 },
);
const starts = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) }).map((time) => time as Instant);

test('each time is run once or made up for once, none early, none while its job runs, whatever clocks do', () => {
  let [ran, catchUps] = [0, 0];
  fc.assert(
    fc.property(jobsArbitrary, happenings, starts, (jobs, story, begin) => {
      let now = begin;
      let table = timetable(jobs, new Map(), now, PLACE);
      /** Up to where the times of each job are met. */
      const met = new Map<string, Instant>(jobs.map(({ id }) => [id, begin]));
      let furthest = begin;
      const running = new Set<string>();
      const look = (): void => {
        const looked = due(table, running, now, PLACE);
        table = looked.table;
        for (const job of looked.start) {
          assert.ok(!running.has(job.id), `${job.id} runs already`);
          const [first, until] = [firstAfter(job, met.get(job.id) ?? begin), now - delayOf(job, PLACE.host)];
          assert.ok(first !== null && first <= until, `${job.id} is started before its time, or twice for it`);
          const second = nextElapse(parseCalendar(job.frequency) ?? assert.fail(), first, PLACE.zone);
          if (second !== null && second <= until) catchUps += 1;
          met.set(job.id, until as Instant);
          running.add(job.id);
          ran += 1;
        }
        for (const job of jobs) {
          if (running.has(job.id) || !job.catchUp) continue;
          const first = firstAfter(job, met.get(job.id) ?? begin);
          assert.ok(first === null || first > now - delayOf(job, PLACE.host), `a time of ${job.id} is not met`);
        }
        assert.ok(looked.next === null || looked.next > now);
      };
      for (const { what, minutes, who } of story) {
        const span = duration(minutes, 'm');
        if (what === 'wake') now = later(now, duration(Math.min(minutes, 60), 's'));
        else if (what === 'sleep' || what === 'ahead') now = later(now, span);
        else if (what === 'back') now = Math.max(now - span / 4, begin, furthest - duration(1, 'd')) as Instant;
        else if (what === 'restart') {
          running.clear();
          table = timetable(jobs, memoryOf(table), now, PLACE);
          for (const { id, catchUp } of jobs) if (!catchUp) met.set(id, now);
        } else running.delete(jobs[who % jobs.length]?.id ?? '');
        furthest = Math.max(furthest, now) as Instant;
        look();
      }
    }),
    { numRuns: 400, seed: 7 },
  );
  assert.ok(ran > 1000 && catchUps > 100, `${ran} runs, ${catchUps} of them made up for several times`);
});

const firstAfter = (job: ScheduledJob, after: Instant): Instant | null =>
  nextElapse(parseCalendar(job.frequency) ?? assert.fail(), after, PLACE.zone);
