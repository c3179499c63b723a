// What becomes of a unit's step in the cases that no real systemd brings about at will; the others are in test/lab/gate.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import { stepId } from '../../../src/domain/naming.ts';
import { plannedStep, type StepReport } from '../../../src/domain/report.ts';
import { runUnit, type UnitTask } from '../../../src/engine/gate/unit-step.ts';
import { runPlan } from '../../../src/engine/runner/runner.ts';
import { openTransientJournal } from '../../../src/journal/open-journal.ts';
import { untilAborted } from '../../../src/lib/abort.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { interruption } from '../../../src/lib/interruption.ts';
import type { Manager, UnitFacts, UnitRun } from '../../../src/tools/systemd/manager.ts';
import { options, plan, step } from '../../support/plans.ts';
import { stage } from './support/gates.ts';

const UNIT = 'x.service';
const NOW = Date.now() as Instant;
const ago = (minutes: number): Instant => (NOW - minutes * 60_000) as Instant;

const FACTS: UnitFacts = {
  name: UNIT,
  load: 'loaded',
  active: 'inactive',
  sub: 'dead',
  type: 'oneshot',
  remainAfterExit: false,
  invocationId: null,
  startedAt: null,
  endedAt: null,
  result: 'success',
  exited: false,
  triggeredBy: [],
};
const RUN: UnitRun = {
  end: 'succeeded',
  result: 'success',
  detail: 'exited with 0',
  exitStatus: 0,
  invocationId: null,
  startedAt: NOW,
  endedAt: NOW,
  restarts: 0,
};
const forever = (_: string, signal: AbortSignal): Promise<never> => untilAborted(new Promise<never>(() => {}), signal);
const refused = (): Promise<never> =>
  Promise.reject(new HoldfastError({ code: 'tool-failed', operation: 'stop', subject: UNIT, message: 'it is deaf' }));

/** A systemd that says this, and notes what it is told to do. */
function managerOf(log: string[], parts: Partial<Manager> = {}): Manager {
  return {
    find: () => Promise.resolve([]),
    facts: () => Promise.resolve(FACTS),
    run: () => (log.push('run'), Promise.resolve(RUN)),
    settled: () => Promise.resolve(null),
    stop: () => (log.push('stop'), Promise.resolve()),
    start: () => Promise.resolve(),
    startAll: () => Promise.resolve([]),
    loadedAt: () => Promise.resolve(NOW),
    reload: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...parts,
  };
}

interface Case {
  readonly manager?: Partial<Manager>;
  readonly task?: Partial<UnitTask>;
  readonly signal?: AbortSignal;
  readonly journal?: ReturnType<typeof openTransientJournal>;
}

async function perform({
  manager = {},
  task = {},
  signal,
  journal = openTransientJournal(),
}: Case): Promise<{ report: StepReport; log: string[] }> {
  const log: string[] = [];
  const whole: UnitTask = {
    unit: UNIT,
    stage: stage(),
    manager: managerOf(log, manager),
    journal,
    since: NOW,
    stopOnInterrupt: false,
    ...task,
  };
  const run = step(stepId.unit(UNIT), { run: (context) => runUnit(whole, context) });
  const { steps } = await runPlan(plan([run]), options({ journal, ...(signal ? { signal } : {}) }));
  return { report: steps[0] ?? plannedStep(run), log };
}

const QUICK = stage({ timeout: duration(20, 'ms') });
const WORKING: UnitFacts = { ...FACTS, active: 'activating', sub: 'start', startedAt: ago(1) };

test('a unit that takes too long is timed out, once, also when it cannot be stopped', async () => {
  const { report, log } = await perform({ manager: { run: forever }, task: { stage: QUICK } });
  assert.deepEqual(
    [report.outcome, report.reason, log],
    ['timed-out', 'did not finish within 20ms; it was stopped', ['stop']],
  );
  const deaf = await perform({ manager: { run: forever, stop: refused, facts: refused }, task: { stage: QUICK } });
  assert.equal(deaf.report.outcome, 'failed', 'systemd answers nothing from the beginning');
  const late = await perform({ manager: { run: forever, stop: refused }, task: { stage: QUICK } });
  assert.deepEqual(
    [late.report.outcome, late.report.reason],
    ['timed-out', 'did not finish within 20ms; it could not be stopped: it is deaf'],
  );
});

test('a unit that somebody else began is never stopped, and its time counts from its own start', async () => {
  const joining = stage({ whenRunning: 'join', timeout: duration(30, 's') });
  const began = { ...WORKING, startedAt: ago(1) };
  const { report, log } = await perform({
    manager: { facts: () => Promise.resolve(began), settled: forever },
    task: { stage: joining },
  });
  assert.deepEqual([report.outcome, report.reason, log], ['timed-out', 'did not finish within 30s; it goes on', []]);
});

for (const stopOnInterrupt of [false, true]) {
  test(`an interrupted gate ${stopOnInterrupt ? 'stops' : 'leaves'} the unit that it began, as asked`, async () => {
    const controller = new AbortController();
    const run = (unit: string, signal: AbortSignal): Promise<never> => {
      controller.abort(interruption('SIGTERM'));
      return forever(unit, signal);
    };
    const { report, log } = await perform({ manager: { run }, task: { stopOnInterrupt }, signal: controller.signal });
    assert.equal(report.outcome, 'interrupted');
    assert.deepEqual(log, stopOnInterrupt ? ['stop'] : []);
    assert.deepEqual(report.warnings, ['the gate was interrupted', stopOnInterrupt ? 'it was stopped' : 'it goes on']);
  });
}

test('what else ends a gate, a journal that cannot be written for instance, stops no unit', async () => {
  const controller = new AbortController();
  const run = (unit: string, signal: AbortSignal): Promise<never> => {
    controller.abort(new HoldfastError({ code: 'no-space', operation: 'write', subject: 'the journal', message: 'full' }));
    return forever(unit, signal);
  };
  const { log } = await perform({ manager: { run }, signal: controller.signal });
  assert.deepEqual(log, []);
});

test('a run is fresh when its process ended well by itself; one that was stopped, failed or is too old is not', async () => {
  const fresh = stage({ freshWithin: duration(30, 'm') });
  const outcomeOf = async (facts: Partial<UnitFacts>): Promise<string> => {
    const seen = { ...FACTS, startedAt: ago(10), endedAt: ago(9), exited: true, ...facts };
    return (await perform({ manager: { facts: () => Promise.resolve(seen) }, task: { stage: fresh } })).report.outcome;
  };
  assert.equal(await outcomeOf({}), 'skipped');
  assert.equal(await outcomeOf({ exited: false }), 'succeeded', 'SIGTERM counts as success for systemd');
  assert.equal(await outcomeOf({ result: 'exit-code' }), 'succeeded');
  assert.equal(await outcomeOf({ startedAt: ago(31) }), 'succeeded');
  assert.equal(await outcomeOf({ startedAt: ago(-5) }), 'succeeded', 'the clock was set back');
});

test('where systemd remembers nothing the journal does, also after a gate that found it fresh', async () => {
  const journal = openTransientJournal();
  const task = { stage: stage({ freshWithin: duration(30, 'm') }) };
  const outcomes: string[] = [];
  for (let gate = 0; gate < 3; gate += 1) outcomes.push((await perform({ journal, task })).report.outcome);
  assert.deepEqual(outcomes, ['succeeded', 'skipped', 'skipped']);
});
