import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { duration } from '../../../src/domain/duration.ts';
import type { Evidence } from '../../../src/domain/evidence.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import type { Lock, Plan, Step, StepResult } from '../../../src/domain/plan.ts';
import type { Report, StepReport } from '../../../src/domain/report.ts';
import { dryRun } from '../../../src/engine/runner/dry-run.ts';
import { runPlan, type RunnerEvent } from '../../../src/engine/runner/runner.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { interruption } from '../../../src/lib/interruption.ts';
import type { LockBroker } from '../../../src/repositories/broker.ts';
import { computedSince } from '../../support/cpu-time.ts';
import { done, gate, options, plan, step, untilCancelled } from '../../support/plans.ts';

const broken = (message: string): HoldfastError =>
  new HoldfastError({ code: 'tool-failed', operation: 'test', subject: 'x', message });
const fails = (message: string) => (): Promise<never> => Promise.reject(broken(message));
const outcomes = (steps: readonly StepReport[]): Record<string, string> =>
  Object.fromEntries(steps.map(({ id, outcome }) => [id, outcome]));
const byId = (steps: readonly StepReport[], id: string): StepReport => {
  const found = steps.find((one) => one.id === id);
  assert(found, `no step ${id}`);
  return found;
};
const evidence = (service: string): Evidence => ({
  kind: 'backup',
  service,
  repository: 'nas',
  snapshotId: 'a'.repeat(64),
  at: 1 as Instant,
  complete: true,
  detail: {},
});

describe('needs', () => {
  it('starts a step only after everything it needs has ended, whatever the order in the plan', async () => {
    const order: string[] = [];
    const note = (id: string, needs: string[]) =>
      step(id, {
        needs,
        run: async () => {
          await sleep(1);
          order.push(id);
          return done;
        },
      });
    const report = await runPlan(plan([note('c', ['a', 'b']), note('b', ['a']), note('a', [])]), options());
    assert.deepEqual(order, ['a', 'b', 'c']);
    assert.equal(report.outcome, 'succeeded');
    assert.equal(report.exitCode, 0);
  });

  it('starts a step only after what it comes after has ended, however that came out', async () => {
    const order: string[] = [];
    const noting = (id: string, outcome: () => Promise<StepResult>) => async () => {
      await sleep(1);
      order.push(id);
      return await outcome();
    };
    const succeeds = (): Promise<StepResult> => Promise.resolve(done);
    const report = await runPlan(
      plan([
        step('c', { after: ['a', 'b'], run: noting('c', succeeds) }),
        step('b', { after: ['a'], run: noting('b', fails('no')) }),
        step('a', { run: noting('a', fails('no')) }),
      ]),
      options(),
    );
    assert.deepEqual(order, ['a', 'b', 'c']);
    assert.deepEqual(
      report.steps.map(({ outcome }) => outcome),
      ['succeeded', 'failed', 'failed'],
    );
  });

  it('blocks what needs a failed step, and names the first cause all the way down', async () => {
    const report = await runPlan(
      plan([
        step('a', { run: fails('the disk is on fire') }),
        step('b', { needs: ['a'] }),
        step('c', { needs: ['b'] }),
        step('d', { needs: ['c'] }),
      ]),
      options(),
    );
    assert.deepEqual(outcomes(report.steps), { a: 'failed', b: 'blocked', c: 'blocked', d: 'blocked' });
    for (const id of ['b', 'c', 'd']) {
      assert.equal(byId(report.steps, id).reason, 'A: the disk is on fire');
      assert.equal(byId(report.steps, id).error?.code, 'tool-failed');
      assert.equal(byId(report.steps, id).startedAt, null);
    }
  });

  it('never runs a blocked step', async () => {
    let ran = false;
    await runPlan(
      plan([
        step('a', { run: fails('no') }),
        step('b', {
          needs: ['a'],
          run: () => {
            ran = true;
            return Promise.resolve(done);
          },
        }),
      ]),
      options(),
    );
    assert.equal(ran, false);
  });

  it('goes on with steps that do not depend on the failed one', async () => {
    const report = await runPlan(plan([step('a', { run: fails('no') }), step('b'), step('c', { needs: ['b'] })]), options());
    assert.deepEqual(outcomes(report.steps), { a: 'failed', b: 'succeeded', c: 'succeeded' });
    assert.equal(report.outcome, 'partial');
    assert.equal(report.exitCode, 1);
  });

  it('lets partial and skipped steps satisfy a need', async () => {
    const report = await runPlan(
      plan([
        step('a', { run: () => Promise.resolve({ outcome: 'partial', reason: 'two files' }) }),
        step('b', { run: () => Promise.resolve({ outcome: 'skipped', reason: 'nothing new' }) }),
        step('c', { needs: ['a', 'b'] }),
      ]),
      options(),
    );
    assert.deepEqual(outcomes(report.steps), { a: 'partial', b: 'skipped', c: 'succeeded' });
    assert.equal(byId(report.steps, 'a').reason, 'two files');
  });

  it('hands the result of a needed step on', async () => {
    let seen: unknown;
    await runPlan(
      plan([
        step('a', { run: () => Promise.resolve({ outcome: 'succeeded', result: { answer: 42 } }) }),
        step('b', {
          needs: ['a'],
          run: (context) => {
            seen = [context.resultOf('a'), context.resultOf('nobody')];
            return Promise.resolve(done);
          },
        }),
      ]),
      options(),
    );
    assert.deepEqual(seen, [{ answer: 42 }, null]);
  });
});

describe('lanes and locks', () => {
  const busiest = async (limits: Record<string, number>): Promise<number> => {
    let running = 0;
    let most = 0;
    const steps = Array.from({ length: 8 }, (_, index) =>
      step(`s${index}`, {
        lanes: ['disk'],
        run: async () => {
          running += 1;
          most = Math.max(most, running);
          await sleep(2);
          running -= 1;
          return done;
        },
      }),
    );
    await runPlan(plan(steps, { limits }), options());
    return most;
  };

  it('runs at most as many steps of a lane at once as its limit says', async () => {
    assert.equal(await busiest({ disk: 3 }), 3);
  });

  it('runs one at a time in a lane without a limit', async () => {
    assert.equal(await busiest({}), 1);
  });

  it('asks for all locks of a step before it runs and gives them up after its outcome is recorded', async () => {
    const log: string[] = [];
    const journal = openTransientJournal();
    const broker: LockBroker = {
      acquire: (locks: readonly Lock[]) => {
        log.push(`acquire ${locks.map(({ name, mode }) => `${mode} ${name}`).join(', ')}`);
        const release = (): Promise<void> => {
          log.push(`release, step is ${journal.latestStep('a')?.outcome}`);
          return Promise.resolve();
        };
        return Promise.resolve({ [Symbol.asyncDispose]: release });
      },
    };
    const run = (): Promise<typeof done> => {
      log.push('run');
      return Promise.resolve(done);
    };
    const locks = [
      { name: 'z', mode: 'shared' },
      { name: 'a', mode: 'exclusive' },
    ] as const;
    await runPlan(plan([step('a', { locks, run })]), options({ broker, journal }));
    assert.deepEqual(log, ['acquire shared z, exclusive a', 'run', 'release, step is succeeded']);
  });

  it('is busy, with exit code 75, when a lock is not given in time', async () => {
    const broker: LockBroker = { acquire: (_, signal) => untilCancelled(signal) };
    const report = await runPlan(
      plan([step('a', { locks: [{ name: 'repository/nas', mode: 'shared' }] })]),
      options({ broker, lockWait: duration(20, 'ms') }),
    );
    const [only] = report.steps;
    assert.equal(only?.outcome, 'failed');
    assert.equal(only?.error?.code, 'busy');
    assert.equal(only?.error?.subject, 'repository/nas');
    assert.equal(report.exitCode, 75);
  });

  it('gives a step a lock in the midst of it, when nobody who waits for another of its locks can have that one', async () => {
    const taken: string[] = [];
    const broker: LockBroker = {
      acquire: (wanted) => {
        taken.push(...wanted.map(({ name }) => name));
        return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve(void taken.push('given up')) });
      },
    };
    const taking = (name: string): Step =>
      step(name, {
        locks: [{ name: 'm', mode: 'shared' }],
        async run(context) {
          await using _held = await context.lock({ name, mode: 'exclusive' });
          return done;
        },
      });
    const { steps } = await runPlan(plan([taking('n')]), options({ broker }));
    assert.deepEqual([steps[0]?.outcome, taken], ['succeeded', ['m', 'n', 'given up', 'given up']]);
    const [wrong] = (await runPlan(plan([taking('a')]), options({ broker }))).steps;
    assert.equal(wrong?.error?.code, 'bug');
  });

  it('says what a step waits for', async () => {
    const released = gate();
    const broker: LockBroker = {
      acquire: () => released.promise.then(() => ({ [Symbol.asyncDispose]: () => Promise.resolve() })),
    };
    const waiting: string[] = [];
    const observe = (event: RunnerEvent): void => {
      if (event.type !== 'step-waiting') return;
      waiting.push(event.message);
      released.resolve();
    };
    await runPlan(plan([step('a', { locks: [{ name: 'x', mode: 'shared' }] })]), options({ broker, observe }));
    assert.deepEqual(waiting, ['waiting for another step']);
  });

  it('does not crash when the journal breaks while it looks up who holds a lock', async () => {
    const journal = openTransientJournal();
    const broker: LockBroker = { acquire: (_, signal) => untilCancelled(signal) };
    const observe = (event: RunnerEvent): void => {
      if (event.type === 'run-started') journal[Symbol.dispose]();
    };
    await assert.rejects(
      runPlan(
        plan([step('a', { locks: [{ name: 'x', mode: 'shared' }] })]),
        options({ broker, journal, observe, lockWait: duration(5, 'ms') }),
      ),
      { code: 'journal-unusable' },
    );
  });
});

describe('time limits', () => {
  it('ends a step that takes too long, and names the limit', async () => {
    const report = await runPlan(
      plan([step('a', { timeout: duration(10, 'ms'), run: ({ signal }) => untilCancelled(signal) })]),
      options(),
    );
    const [only] = report.steps;
    assert.equal(only?.outcome, 'timed-out');
    assert.match(only?.reason ?? '', /did not finish within 10ms/);
    assert.equal(report.outcome, 'timed-out');
    assert.equal(report.exitCode, 2);
  });

  it('gives up a step that is deaf to its limit, keeps its locks, and goes on with the others', async () => {
    const taken = new Set<string>();
    const broker: LockBroker = {
      acquire: (locks) => {
        for (const { name } of locks) taken.add(name);
        return Promise.resolve({
          [Symbol.asyncDispose]: () => {
            for (const { name } of locks) taken.delete(name);
            return Promise.resolve();
          },
        });
      },
    };
    const deaf = step('deaf', {
      lanes: ['one'],
      locks: [{ name: 'x', mode: 'shared' }],
      timeout: duration(10, 'ms'),
      run: () => new Promise(() => {}),
    });
    const other = step('other', { lanes: ['one'], locks: [{ name: 'y', mode: 'shared' }] });
    const report = await runPlan(plan([deaf, other]), options({ broker, stopWait: duration(20, 'ms') }));
    assert.deepEqual(outcomes(report.steps), { deaf: 'timed-out', other: 'succeeded' });
    assert.match(
      byId(report.steps, 'deaf').reason ?? '',
      /did not finish within 10ms, and it did not stop within \S+ of being told to/,
    );
    assert.deepEqual([...taken], ['x'], 'nobody else may do what it may still be doing');
  });

  it('leaves the run without an end when a step that is given up holds something, so that the next start cleans up', async () => {
    const journal = openTransientJournal();
    const holding = step('holding', {
      timeout: duration(10, 'ms'),
      run: async (context) => {
        await context.hold('directory', {}, () => Promise.resolve());
        return await new Promise(() => {});
      },
    });
    const kinds = [{ kind: 'directory', undo: () => Promise.resolve() }];
    await runPlan(plan([holding]), options({ journal, stopWait: duration(20, 'ms'), kinds }));
    assert.deepEqual(
      journal.unfinishedRuns().map(({ effects }) => effects.length),
      [1],
    );
  });

  it('counts from the moment the lane and the locks are held', async () => {
    const slow = (id: string) =>
      step(id, {
        lanes: ['one'],
        locks: [{ name: 'x', mode: 'shared' }],
        timeout: duration(1500, 'ms'),
        run: async ({ signal }) => {
          await sleep(500, undefined, { signal });
          return done;
        },
      });
    const broker: LockBroker = {
      acquire: async () => {
        await sleep(500);
        return { [Symbol.asyncDispose]: () => Promise.resolve() };
      },
    };
    const report = await runPlan(plan([slow('a'), slow('b'), slow('c')]), options({ broker })); // 3 s in all
    assert.deepEqual(outcomes(report.steps), { a: 'succeeded', b: 'succeeded', c: 'succeeded' });
    for (const { durationSeconds } of report.steps) assert((durationSeconds ?? 9) < 1.5, `took ${durationSeconds} s`);
  });

  it('calls the limit the cause when the step answers it with an AbortError of Node.js', async () => {
    const report = await runPlan(
      plan([
        step('a', {
          timeout: duration(10, 'ms'),
          run: async ({ signal }) => {
            await sleep(60_000, undefined, { signal });
            return done;
          },
        }),
      ]),
      options(),
    );
    assert.equal(report.steps[0]?.outcome, 'timed-out');
  });

  it('allows limits longer than a timer can be', async () => {
    const run = ({ signal }: { signal: AbortSignal }): Promise<typeof done> => sleep(20, done, { signal });
    const report = await runPlan(plan([step('a', { timeout: duration(30, 'd'), run })]), options());
    assert.equal(report.outcome, 'succeeded');
  });
});

describe('being asked to stop', () => {
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`ends running, waiting and dependent steps as interrupted at ${signal}`, async () => {
      const stop = new AbortController();
      const journal = openTransientJournal();
      const report = await runPlan(
        plan([
          step('before', {}),
          step('running', {
            needs: ['before'],
            lanes: ['one'],
            run: (context) => {
              queueMicrotask(() => stop.abort(interruption(signal)));
              return untilCancelled(context.signal);
            },
          }),
          step('waiting', { needs: ['before'], lanes: ['one'] }),
          step('dependent', { needs: ['running'] }),
          step('further', { needs: ['dependent'] }),
        ]),
        options({ signal: stop.signal, journal }),
      );
      assert.deepEqual(outcomes(report.steps), {
        before: 'succeeded',
        running: 'interrupted',
        waiting: 'interrupted',
        dependent: 'interrupted',
        further: 'interrupted',
      });
      assert.equal(report.outcome, 'interrupted');
      assert.equal(report.exitCode, exitCode);
      assert.match(byId(report.steps, 'further').reason ?? '', new RegExp(`interrupted by ${signal}`));
      assert.equal(journal.unfinishedRuns().length, 0);
    });
  }

  it('leaves what failed before as failed', async () => {
    const stop = new AbortController();
    const report = await runPlan(
      plan([
        step('a', { run: fails('no') }),
        step('b', { needs: ['a'] }),
        step('c', {
          run: async (context) => {
            await sleep(5);
            stop.abort(interruption('SIGINT'));
            return untilCancelled(context.signal);
          },
        }),
      ]),
      options({ signal: stop.signal }),
    );
    assert.deepEqual(outcomes(report.steps), { a: 'failed', b: 'blocked', c: 'interrupted' });
  });

  it('records nothing when it was stopped before it began', async () => {
    const journal = openTransientJournal();
    const signal = AbortSignal.abort(interruption('SIGINT'));
    await assert.rejects(runPlan(plan([step('a')]), options({ signal, journal })), { code: 'interrupted' });
    assert.equal(journal.runs({ limit: 9 }).length, 0);
  });
});

describe('evidence', () => {
  it('is recorded together with the outcome that proves it, partial ones included', async () => {
    const journal = openTransientJournal();
    const report = await runPlan(
      plan([
        step('a', { run: () => Promise.resolve({ outcome: 'succeeded', evidence: [evidence('sonarr')] }) }),
        step('b', {
          run: () =>
            Promise.resolve({ outcome: 'partial', reason: 'x', evidence: [{ ...evidence('radarr'), complete: false }] }),
        }),
      ]),
      options({ journal }),
    );
    const [first] = journal.evidence({ service: 'sonarr', kind: 'backup', limit: 9 });
    assert.equal(first?.runId, report.id);
    assert.equal(journal.evidence({ service: 'radarr', kind: 'backup', limit: 9 })[0]?.complete, false);
    assert.deepEqual(journal.evidence({ service: 'radarr', kind: 'backup', complete: true, limit: 9 }), []);
  });

  it('is not recorded for a step whose clean-up failed', async () => {
    const journal = openTransientJournal();
    await runPlan(
      plan([
        step('a', {
          run: async () => {
            await using _held = { [Symbol.asyncDispose]: () => Promise.reject(broken('still mounted')) };
            return { outcome: 'succeeded', evidence: [evidence('sonarr')] };
          },
        }),
      ]),
      options({ journal }),
    );
    assert.equal(journal.latestStep('a')?.outcome, 'failed');
    assert.deepEqual(journal.evidence({ service: 'sonarr', kind: 'backup', limit: 9 }), []);
  });

  it('fails a step that says so itself, with its result, and blocks what needs it', async () => {
    const { steps, outcome } = await runPlan(
      plan([
        step('a', { run: () => Promise.resolve({ outcome: 'failed', error: broken('damaged'), result: { files: 3 } }) }),
        step('b', { needs: ['a'] }),
      ]),
      options(),
    );
    assert.equal(outcome, 'failed');
    assert.deepEqual(outcomes(steps), { a: 'failed', b: 'blocked' });
    assert.deepEqual(byId(steps, 'a').result, { files: 3 });
    assert.equal(byId(steps, 'a').reason, 'damaged');
    assert.equal(byId(steps, 'a').error?.code, 'tool-failed');
  });

  it('keeps at once what a step records, also of a step that fails in the end', async () => {
    const journal = openTransientJournal();
    const recorded = (): number => journal.evidence({ service: 'sonarr', kind: 'backup', limit: 9 }).length;
    const counts: number[] = [];
    const { steps, id } = await runPlan(
      plan([
        step('a', {
          run: (context) => {
            context.record([evidence('sonarr'), evidence('sonarr')]);
            counts.push(recorded());
            return fails('damaged')();
          },
        }),
      ]),
      options({ journal }),
    );
    assert.deepEqual(outcomes(steps), { a: 'failed' });
    assert.deepEqual([...counts, recorded()], [2, 2]);
    assert.equal(journal.evidence({ service: 'sonarr', kind: 'backup', limit: 1 })[0]?.runId, id);
  });

  it('is there before the locks are given up', async () => {
    const journal = openTransientJournal();
    let atRelease = -1;
    const release = (): Promise<void> => {
      atRelease = journal.evidence({ service: 'sonarr', kind: 'backup', limit: 9 }).length;
      return Promise.resolve();
    };
    const broker: LockBroker = { acquire: () => Promise.resolve({ [Symbol.asyncDispose]: release }) };
    const run = (): Promise<{ outcome: 'succeeded'; evidence: Evidence[] }> =>
      Promise.resolve({ outcome: 'succeeded', evidence: [evidence('sonarr')] });
    await runPlan(plan([step('a', { locks: [{ name: 'x', mode: 'shared' }], run })]), options({ journal, broker }));
    assert.equal(atRelease, 1);
  });
});

describe('failing', () => {
  it('tells the first failure when cleaning up fails too', async () => {
    const report = await runPlan(
      plan([
        step('a', {
          run: async () => {
            await using _outer = { [Symbol.asyncDispose]: () => Promise.reject(broken('umount: busy')) };
            await using _inner = { [Symbol.asyncDispose]: () => Promise.reject(broken('rm: no')) };
            throw broken('restic: wrong password');
          },
        }),
      ]),
      options(),
    );
    const [only] = report.steps;
    assert.equal(only?.outcome, 'failed');
    assert.equal(only?.error?.message, 'restic: wrong password');
    assert.match(only?.reason ?? '', /^restic: wrong password; and cleaning up failed: rm: no; .*umount: busy$/);
  });

  it('stays timed out when the clean-up after the time limit fails', async () => {
    const report = await runPlan(
      plan([
        step('a', {
          timeout: duration(5, 'ms'),
          run: async ({ signal }) => {
            await using _held = { [Symbol.asyncDispose]: () => Promise.reject(broken('umount: busy')) };
            return await sleep(60_000, done, { signal });
          },
        }),
      ]),
      options(),
    );
    assert.equal(report.steps[0]?.outcome, 'timed-out');
  });

  it('calls an error that nobody classified a bug, and goes on', async () => {
    const report = await runPlan(
      plan([step('a', { run: () => Promise.reject(new TypeError('x is not a function')) }), step('b')]),
      options(),
    );
    assert.equal(byId(report.steps, 'a').error?.code, 'bug');
    assert.equal(byId(report.steps, 'b').outcome, 'succeeded');
  });

  it('takes a step that throws instead of rejecting like any other failure', async () => {
    const report = await runPlan(
      plan([
        step('a', {
          run: () => {
            throw broken('at once');
          },
        }),
      ]),
      options(),
    );
    assert.equal(report.steps[0]?.error?.message, 'at once');
  });

  it('refuses a plan with defects before anything runs or is recorded', async () => {
    const journal = openTransientJournal();
    const bad = [
      plan([step('a'), step('a')]),
      plan([step('a', { needs: ['nobody'] })]),
      plan([step('a', { needs: ['b'] }), step('b', { needs: ['a'] })]),
      plan([step('a', { lanes: ['x'] })], { limits: { x: 0 } }),
    ];
    for (const one of bad) await assert.rejects(runPlan(one, options({ journal })), { code: 'bug' });
    assert.equal(journal.runs({ limit: 9 }).length, 0);
  });

  it('stops everything and throws when the journal cannot be written', async () => {
    const journal = openTransientJournal();
    let otherEnded = false;
    await assert.rejects(
      runPlan(
        plan([
          step('b', {
            run: async ({ signal }) => {
              try {
                return await untilCancelled(signal);
              } finally {
                otherEnded = true;
              }
            },
          }),
          step('a', {
            run: () => {
              journal[Symbol.dispose]();
              return Promise.resolve(done);
            },
          }),
        ]),
        options({ journal }),
      ),
      { code: 'journal-unusable' },
    );
    assert.equal(otherEnded, true);
  });

  it('never records a step twice, not even when recording fails at first', async () => {
    const journal = openTransientJournal();
    let calls = 0;
    const original = journal.endStep.bind(journal);
    journal.endStep = (...args) => {
      calls += 1;
      if (calls === 1) throw new HoldfastError({ code: 'no-space', operation: 'x', subject: 'x', message: 'full' });
      original(...args);
    };
    await assert.rejects(runPlan(plan([step('a')]), options({ journal })), { code: 'no-space' });
    assert.equal(calls, 1);
  });
});

describe('effects', () => {
  const recording = (log: string[], undo: () => Promise<void> = () => Promise.resolve()) => ({
    kind: 'mount',
    undo: async (payload: { readonly path?: unknown }) => {
      log.push(`undo ${String(payload.path)}`);
      await undo();
    },
  });

  it('records the intent before making, undoes when the step ends, and settles then', async () => {
    const journal = openTransientJournal();
    const log: string[] = [];
    const open = (): number => journal.unfinishedRuns().flatMap((run) => run.effects).length;
    await runPlan(
      plan([
        step('a', {
          run: async (context) => {
            await using _one = await context.hold('mount', { path: '/1' }, () => {
              log.push(`make 1, ${open()} recorded`);
              return Promise.resolve();
            });
            await using _two = await context.hold('mount', { path: '/2' }, () => {
              log.push(`make 2, ${open()} recorded`);
              return Promise.resolve();
            });
            log.push('work');
            return done;
          },
        }),
      ]),
      options({ journal, kinds: [recording(log)] }),
    );
    assert.deepEqual(log, ['make 1, 1 recorded', 'make 2, 2 recorded', 'work', 'undo /2', 'undo /1']);
    assert.equal(open(), 0);
  });

  it('undoes what could not be made, for it may have been half made', async () => {
    const journal = openTransientJournal();
    const log: string[] = [];
    const report = await runPlan(
      plan([
        step('a', {
          run: async (context) => {
            await using _held = await context.hold('mount', { path: '/1' }, fails('mount: no'));
            return done;
          },
        }),
      ]),
      options({ journal, kinds: [recording(log)] }),
    );
    assert.deepEqual(log, ['undo /1']);
    assert.equal(report.steps[0]?.error?.message, 'mount: no');
    assert.equal(journal.unfinishedRuns().length, 0);
  });

  it('undoes although the run was cancelled, with a signal of its own', async () => {
    const stop = new AbortController();
    let aborted: boolean | null = null;
    const kind = {
      kind: 'mount',
      undo: (_: unknown, signal: AbortSignal) => {
        aborted = signal.aborted;
        return Promise.resolve();
      },
    };
    await runPlan(
      plan([
        step('a', {
          run: async (context) => {
            await using _held = await context.hold('mount', {}, () => Promise.resolve());
            stop.abort(interruption('SIGINT'));
            return await untilCancelled(context.signal);
          },
        }),
      ]),
      options({ kinds: [kind], signal: stop.signal }),
    );
    assert.equal(aborted, false);
  });

  it('keeps on record what could not be undone', async () => {
    const journal = openTransientJournal();
    const report = await runPlan(
      plan([
        step('a', {
          run: async (context) => {
            await using _held = await context.hold('mount', { path: '/1' }, () => Promise.resolve());
            return { outcome: 'succeeded', evidence: [evidence('sonarr')] };
          },
        }),
      ]),
      options({ journal, kinds: [recording([], fails('umount: target is busy'))] }),
    );
    assert.equal(report.steps[0]?.outcome, 'failed');
    const [left] = journal.unfinishedRuns();
    assert.deepEqual(left?.effects[0]?.payload, { path: '/1' });
    assert.equal(left?.id, report.id);
  });

  it('undoes nothing that is older than what could not be undone, unless that is independent', async () => {
    for (const [independent, expected] of [
      [false, ['undo /2']],
      [true, ['undo /2', 'undo /1']],
    ] as const) {
      const journal = openTransientJournal();
      const log: string[] = [];
      const kind = recording(log, () => (log.length === 1 ? fails('busy')() : Promise.resolve()));
      const report = await runPlan(
        plan([
          step('a', {
            run: async (context) => {
              await using _one = await context.hold('mount', { path: '/1' }, () => Promise.resolve());
              await using _two = await context.hold('mount', { path: '/2' }, () => Promise.resolve());
              return done;
            },
          }),
        ]),
        options({ journal, kinds: [{ ...kind, independent }] }),
      );
      assert.equal(report.steps[0]?.reason, 'busy');
      assert.deepEqual(log, expected);
      assert.deepEqual(
        journal.unfinishedRuns()[0]?.effects.map(({ payload }) => payload['path']),
        independent ? ['/2'] : ['/2', '/1'],
      );
    }
  });

  it('settles at once, and never undoes, what only had to be undone until it was made', async () => {
    const journal = openTransientJournal();
    const log: string[] = [];
    const kind = { ...recording(log), untilMade: true };
    const once = (make: () => Promise<void>): Promise<Report> =>
      runPlan(
        plan([
          step('a', {
            run: async (context) => {
              await using _held = await context.hold('mount', { path: '/1' }, make);
              assert.deepEqual(journal.unfinishedRuns()[0]?.effects, []);
              return done;
            },
          }),
        ]),
        options({ journal, kinds: [kind] }),
      );
    assert.equal((await once(() => Promise.resolve())).outcome, 'succeeded');
    assert.deepEqual(log, []);
    assert.equal((await once(fails('no'))).outcome, 'failed');
    assert.deepEqual(log, ['undo /1']);
    assert.deepEqual(journal.unfinishedRuns(), []);
  });

  it("keeps what lasts beyond its run, as nobody else's leftover, and undoes it only when it could not be made", async () => {
    const journal = openTransientJournal();
    const log: string[] = [];
    const kind = { ...recording(log), lasting: true };
    const once = (make: () => Promise<void>): Promise<Report> =>
      runPlan(
        plan([
          step('a', {
            run: async (context) => {
              await using _held = await context.hold('mount', { path: '/1' }, make);
              return done;
            },
          }),
        ]),
        options({ journal, kinds: [kind] }),
      );
    assert.equal((await once(fails('no'))).outcome, 'failed');
    assert.deepEqual([log, journal.keptEffects('mount')], [['undo /1'], []]);
    const { id } = await once(() => Promise.resolve());
    const [kept, ...others] = journal.keptEffects('mount');
    assert.deepEqual([kept?.payload, kept?.runId, others], [{ path: '/1' }, id, []]);
    await runPlan(plan([step('b')]), options({ journal, kinds: [kind] }));
    assert.deepEqual([log.length, journal.unfinishedRuns()], [1, []], 'no later run touches it');
  });

  it('refuses an effect that nobody could undo, before it is made', async () => {
    let made = false;
    const report = await runPlan(
      plan([
        step('a', {
          run: async (context) => {
            await using _held = await context.hold('unheard-of', {}, () => {
              made = true;
              return Promise.resolve();
            });
            return done;
          },
        }),
      ]),
      options(),
    );
    assert.equal(made, false);
    assert.equal(report.steps[0]?.error?.code, 'bug');
  });
});

describe('telling', () => {
  it('ends as its own plan judges, where that has a judge', async () => {
    const judge: Plan['judge'] = (steps, by) => {
      assert.deepEqual([steps.map(({ id }) => id), by], [['a'], null]);
      return { outcome: 'partial', exitCode: 1 };
    };
    const journal = openTransientJournal();
    const report = await runPlan(plan([step('a')], { judge }), options({ journal }));
    assert.deepEqual([report.outcome, report.exitCode, journal.run(report.id)?.exitCode], ['partial', 1, 1]);
  });

  it('reports to the observer in order, and the report is in the journal', async () => {
    const journal = openTransientJournal();
    const seen: string[] = [];
    const report = await runPlan(
      plan(
        [
          step('a', {
            run: (context) => {
              context.progress({ bytesDone: 1 });
              context.warn('one file vanished');
              return Promise.resolve(done);
            },
          }),
        ],
        { warnings: ['a repository has no offsite copy'] },
      ),
      options({ journal, observe: (event) => event.type !== 'notice' && seen.push(event.type) }),
    );
    assert.deepEqual(seen, ['run-started', 'step-started', 'step-progress', 'step-warning', 'step-ended', 'run-ended']);
    assert.deepEqual(report.steps[0]?.warnings, ['one file vanished']);
    assert.deepEqual(report.warnings, ['a repository has no offsite copy']);
    assert.deepEqual(JSON.parse(JSON.stringify(journal.run(report.id))), JSON.parse(JSON.stringify(report)));
  });

  it('shows the plan in a dry run and changes nothing', () => {
    const report = dryRun(plan([step('a', { run: fails('never called') })], { warnings: ['w'] }), systemClock);
    assert.equal(report.dryRun, true);
    assert.equal(report.outcome, 'planned');
    assert.deepEqual(outcomes(report.steps), { a: 'planned' });
    assert.deepEqual(report.warnings, ['w']);
  });

  it('ends a dry run as the run would end by what is known already', () => {
    const code = (...doomed: boolean[]): number =>
      dryRun(plan(doomed.map((each, index) => step(`s${index}`, { doomed: each }))), systemClock).exitCode;
    assert.deepEqual([code(), code(false), code(false, true), code(true)], [0, 0, 1, 2]);
  });

  it('runs an empty plan to success', async () => {
    assert.equal((await runPlan(plan([]), options())).outcome, 'succeeded');
  });
});

describe('large plans', () => {
  it('runs a thousand steps in a long chain and a wide lane quickly, without a warning of Node.js', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    const chain = Array.from({ length: 1000 }, (_, index) =>
      step(`c${index}`, { needs: index === 999 ? [] : [`c${index + 1}`], timeout: duration(1, 'm') }),
    );
    const wide = Array.from({ length: 1000 }, (_, index) =>
      step(`w${index}`, { lanes: ['w'], run: ({ signal }) => sleep(0, done, { signal }) }),
    );
    const begin = process.cpuUsage();
    const report = await runPlan(plan([...chain, ...wide], { limits: { w: 4 } }), options());
    const took = computedSince(begin);
    await sleep(1);
    process.off('warning', note);
    assert.equal(report.counts.succeeded, 2000);
    assert.deepEqual(warnings, []);
    assert(took < 10_000, `took ${took} ms`);
  });
});
