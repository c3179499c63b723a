import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Scheduler, type SchedulerOptions } from '../../src/agent/scheduler.ts';
import type { Duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import { type ScheduleStore, scheduleStore } from '../../src/engine/schedule/schedule-memory.ts';
import type { ScheduledJob } from '../../src/engine/schedule/scheduled-jobs.ts';
import { untilAborted } from '../../src/lib/abort.ts';
import { at, PLACE, scheduled } from '../engine/schedule/support.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A host whose clock is set by hand, and whose jobs end when they are told to. */
class Host {
  now: Instant;
  readonly started: string[] = [];
  readonly failures: unknown[] = [];
  sleep: Duration | null = null;
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();
  readonly #stateDir: string;

  constructor(stateDir: string, now: string) {
    this.now = at(now);
    this.#stateDir = stateDir;
  }

  schedule(jobs: readonly ScheduledJob[], rest: Partial<SchedulerOptions> = {}): Promise<Scheduler> {
    return Scheduler.begin({
      jobs,
      place: PLACE,
      clock: { now: () => this.now },
      store: scheduleStore(this.#stateDir),
      start: async (job, signal) => {
        this.started.push(job.id);
        const end = Promise.withResolvers<void>();
        this.#ends.set(job.id, end);
        signal.addEventListener('abort', () => end.resolve(), { once: true });
        await end.promise;
      },
      failed: (_job, error) => void this.failures.push(error),
      timer: (after) => {
        this.sleep = after;
        return { [Symbol.dispose]: () => {} };
      },
      ...rest,
    });
  }

  /** Sets the clock, looks, and tells what was started. */
  async look(scheduler: Scheduler, time: string): Promise<string[]> {
    this.now = at(time);
    await scheduler.look();
    await settled();
    return this.started.splice(0);
  }

  /** Ends it, well or not, and has the scheduler look. */
  async end(scheduler: Scheduler, id: string, error?: Error): Promise<void> {
    const end = this.#ends.get(id) ?? assert.fail(`${id} does not run`);
    if (error) end.reject(error);
    else end.resolve();
    await settled();
    await scheduler.look();
    await settled();
  }
}

/** Everything that promises alone set off has happened. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('a job is started at its time, and the next look is then or in a minute', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:00Z');
  await using scheduler = await host.schedule([scheduled('a', '12:30 UTC')]);
  assert.equal(host.sleep, 60_000);
  assert.deepEqual(await host.look(scheduler, '2026-03-01T12:29:50Z'), []);
  assert.equal(host.sleep, 10_000);
  assert.deepEqual(scheduler.next?.at, at('2026-03-01T12:30Z'));
  assert.deepEqual(await host.look(scheduler, '2026-03-01T12:30Z'), ['a']);
  assert.deepEqual(await host.look(scheduler, '2026-03-01T12:30:01Z'), []);
});

test('what came while the agent was away is made up for once, and no more after another restart', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:00Z');
  {
    await using _first = await host.schedule([scheduled('a', 'hourly')]);
  }
  host.now = at('2026-03-03T07:10Z');
  {
    await using _second = await host.schedule([scheduled('a', 'hourly')]);
    await settled();
    assert.deepEqual(host.started.splice(0), ['a']);
  }
  await using third = await host.schedule([scheduled('a', 'hourly')]);
  await settled();
  assert.deepEqual(host.started, []);
  assert.deepEqual(await host.look(third, '2026-03-03T08:00Z'), ['a']);
});

test('a job that still runs at its next time is started once more when it has ended', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  await using scheduler = await host.schedule([scheduled('a', 'hourly')]);
  assert.deepEqual(await host.look(scheduler, '2026-03-01T13:00Z'), ['a']);
  assert.deepEqual(await host.look(scheduler, '2026-03-01T15:10Z'), []);
  await host.end(scheduler, 'a');
  assert.deepEqual(host.started.splice(0), ['a']);
  await host.end(scheduler, 'a');
  assert.deepEqual(host.started, []);
});

test('a job that fails is told and comes again at its next time', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  await using scheduler = await host.schedule([scheduled('a', 'hourly')]);
  await host.look(scheduler, '2026-03-01T13:00Z');
  await host.end(scheduler, 'a', new Error('no such program'));
  assert.match(String(host.failures[0]), /no such program/);
  assert.deepEqual(await host.look(scheduler, '2026-03-01T14:00Z'), ['a']);
});

test('jobs that open repositories wait for a turn, the others do not', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  const jobs = [...['a', 'b', 'c'].map((id) => scheduled(id, 'hourly')), scheduled('tell', 'hourly', { repositories: [] })];
  await using scheduler = await host.schedule(jobs, { atOnce: 2 });
  assert.deepEqual((await host.look(scheduler, '2026-03-01T13:00Z')).toSorted(), ['a', 'b', 'tell']);
  await host.end(scheduler, 'a');
  assert.deepEqual(host.started, ['c']);
});

test('other jobs take the place of those before, and what stays is not started anew', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  await using scheduler = await host.schedule([scheduled('a', 'hourly'), scheduled('b', 'hourly')]);
  assert.deepEqual(await host.look(scheduler, '2026-03-01T13:00Z'), ['a', 'b']);
  await host.end(scheduler, 'a');
  await scheduler.replace([scheduled('a', 'hourly'), scheduled('c', '*:0/15')]);
  assert.deepEqual(host.started, []);
  assert.deepEqual(await host.look(scheduler, '2026-03-01T13:15Z'), ['c']);
  assert.deepEqual(await host.look(scheduler, '2026-03-01T14:00Z'), ['a']);
});

test('the end stops what runs, waits for it and starts nothing more', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  const scheduler = await host.schedule([scheduled('a', 'hourly')]);
  await host.look(scheduler, '2026-03-01T13:00Z');
  await scheduler[Symbol.asyncDispose]();
  assert.deepEqual(await host.look(scheduler, '2026-03-01T14:00Z'), []);
  assert.deepEqual(host.failures, []);
});

test('a time is remembered as dealt with before its job starts', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  let remembered = '';
  await using scheduler = await host.schedule([scheduled('a', 'hourly')], {
    start: async () => void (remembered = readFileSync(join(directory.path, 'schedule.json'), 'utf8')),
  });
  await host.look(scheduler, '2026-03-01T13:00Z');
  assert.equal(JSON.parse(remembered).jobs.a.until, at('2026-03-01T13:00Z'));
});

test('a memory that cannot be written is told, and keeps no job from running', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  const store: ScheduleStore = { read: async () => new Map(), write: () => Promise.reject(new Error('no space')) };
  await using scheduler = await host.schedule([scheduled('a', 'hourly')], { store });
  assert.deepEqual(await host.look(scheduler, '2026-03-01T13:00Z'), ['a']);
  assert.match(String(host.failures.at(-1)), /no space/);
});

test('a memory that is damaged is as good as none', async () => {
  using directory = temporaryDirectory();
  for (const text of ['', '{"version":1,"jobs":{"a":{"until":"soon"}}}', '{"version":9}']) {
    await writeFile(join(directory.path, 'schedule.json'), text);
    assert.equal((await scheduleStore(directory.path).read()).size, 0);
  }
});

test('a look that fails is told, and the next one starts what is due', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  let broken = false;
  const clock = {
    now: () => {
      if (broken) throw new Error('no clock');
      return host.now;
    },
  };
  await using scheduler = await host.schedule([scheduled('a', '*:0/1')], { clock });
  broken = true;
  host.sleep = null;
  assert.deepEqual(await host.look(scheduler, '2026-03-01T12:31Z'), []);
  assert.match(String(host.failures), /no clock/);
  assert.equal(host.sleep, 60_000, 'it goes on');
  broken = false;
  assert.deepEqual(await host.look(scheduler, '2026-03-01T12:32Z'), ['a']);
});

test('what is kept from starting is started once when that is over, however often its time came', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  const release = Promise.withResolvers<void>();
  await using scheduler = await host.schedule([scheduled('a', 'hourly')], { free: () => release.promise });
  assert.deepEqual(await host.look(scheduler, '2026-03-01T13:00Z'), []);
  assert.deepEqual(await host.look(scheduler, '2026-03-01T14:00Z'), []);
  release.resolve();
  assert.deepEqual(await host.look(scheduler, '2026-03-01T14:10Z'), ['a']);
  await host.end(scheduler, 'a');
  assert.deepEqual(await host.look(scheduler, '2026-03-01T14:59Z'), []);
  assert.deepEqual(await host.look(scheduler, '2026-03-01T15:00Z'), ['a']);
});

test('what was kept from starting when its agent ended is made up for by the next one, and what was started is not', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  const free: SchedulerOptions['free'] = ({ id }, signal) =>
    id === 'begun' ? Promise.resolve() : untilAborted(new Promise(() => {}), signal);
  const jobs = [scheduled('held', 'hourly'), scheduled('begun', 'hourly')];
  {
    await using first = await host.schedule(jobs, { free });
    assert.deepEqual(await host.look(first, '2026-03-01T13:00Z'), ['begun']);
  }
  host.now = at('2026-03-01T13:10Z');
  await using _second = await host.schedule(jobs);
  await settled();
  assert.deepEqual(host.started, ['held']);
});

test('what cannot even be tried is told once, and comes again at its next time', async () => {
  using directory = temporaryDirectory();
  const host = new Host(directory.path, '2026-03-01T12:30Z');
  const free = (): Promise<void> => Promise.reject(new Error('no record'));
  await using scheduler = await host.schedule([scheduled('a', 'hourly')], { free });
  await host.look(scheduler, '2026-03-01T13:00Z');
  await host.look(scheduler, '2026-03-01T13:30Z');
  assert.equal(host.failures.length, 1);
  await host.look(scheduler, '2026-03-01T14:00Z');
  assert.equal(host.failures.length, 2);
});
