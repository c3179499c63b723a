// How the run of a unit is judged: on recordings of real systemds, on words that they seldom say, and on any life of a unit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UnitRun } from '../../../src/tools/systemd/manager.ts';
import type { UnitDetails } from '../../../src/tools/systemd/unit-details.ts';
import { UnitHistory } from '../../../src/tools/systemd/unit-history.ts';
import { judge, notLoaded } from '../../../src/tools/systemd/unit-run.ts';
import type { UnitState } from '../../../src/tools/systemd/unit-state.ts';
import { recordedVersions, retell } from './recordings.ts';
import { idle, running } from './states.ts';

const RECORDED: readonly (readonly [
  unit: string,
  end: UnitRun['end'],
  result: string,
  detail: string,
  restarts?: number,
])[] = [
  ['well.service', 'succeeded', 'success', 'exited with 0'],
  ['simple.service', 'succeeded', 'success', 'exited with 0'],
  ['remains.service', 'succeeded', 'success', 'exited with 0'],
  ['three.service', 'failed', 'exit-code', 'exited with 3'],
  ['killed.service', 'failed', 'signal', 'killed by SIGKILL'],
  ['slow.service', 'timed-out', 'timeout', 'took longer than its TimeoutStartSec=, RuntimeMaxSec= or TimeoutStopSec='],
  ['before.service', 'failed', 'exit-code', 'ExecStartPre=/bin/sh exited with 7'],
  ['condition.service', 'condition', 'condition', 'ConditionPathExists=/srv/data does not hold'],
  ['timed.service', 'condition', 'condition', 'ConditionPathExists=!/usr does not hold'],
  ['exec-condition.service', 'condition', 'exec-condition', 'its ExecCondition= does not hold'],
  ['assert.service', 'failed', 'assert', 'AssertPathExists=/srv/data does not hold'],
  ['needs.service', 'failed', 'dependency', 'something, which it requires, failed'],
  ['third-time.service', 'succeeded', 'success', 'exited with 0', 2],
  ['third-oneshot.service', 'succeeded', 'success', 'exited with 0', 2],
  ['gives-up.service', 'failed', 'exit-code', 'exited with 6', 2],
  ['much-later.service', 'stopped', 'exit-code', 'stopped by somebody, exited with 1'],
  ['stopped.service', 'stopped', 'signal', 'stopped by somebody, killed by SIGTERM'],
  ['polite.service', 'stopped', 'success', 'stopped by somebody, exited with 0'],
];

for (const version of recordedVersions) {
  for (const [unit, end, result, detail, restarts = 0] of RECORDED) {
    test(`systemd ${version}, ${unit}: ${end}`, () => {
      const { run } = retell(version, unit);
      assert.deepEqual([run.end, run.result, run.detail, run.restarts], [end, result, detail, restarts]);
    });
  }
}

test('before version 254 a unit that is restarted looks settled meanwhile, and later it does not', () => {
  assert.deepEqual(
    ['252', '257'].map((version) => retell(version, 'third-oneshot.service').deceptions),
    [2, 0],
  );
});

const NO_DETAILS: UnitDetails = { loadError: '', triggeredBy: [], requires: [], conditions: [], asserts: [], failures: [] };

/** Of an invocation that ends like this. */
function afterRun(end: Partial<UnitState>, details: Partial<UnitDetails> = {}): UnitRun {
  const history = new UnitHistory(idle());
  history.await(7);
  history.saw(running({ job: 7 }));
  history.saw(running({ active: 'failed', sub: 'failed', job: 7, ...end }));
  history.jobEnded(7, 'failed');
  history.saw(running({ active: 'failed', sub: 'failed', ...end }));
  assert.ok(history.settled);
  return judge(history, { ...NO_DETAILS, ...details });
}

for (const [result, end, detail] of [
  ['oom-kill', 'failed', /memory/],
  ['core-dump', 'failed', /^killed by SIGSEGV, with a core dump$/],
  ['watchdog', 'failed', /watchdog/],
  ['resources', 'failed', /could not start its process/],
  ['start-limit-hit', 'failed', /too often/],
  ['a-word-of-next-year', 'failed', /SIGSEGV/],
  ['timeout', 'timed-out', /TimeoutStartSec/],
] as const) {
  test(`the result ${result} is passed on: ${end}`, () => {
    const run = afterRun({ result, exit: { how: 'dumped', status: 11 } });
    assert.deepEqual([run.end, run.result, run.exitStatus], [end, result, null]);
    assert.match(run.detail, detail);
  });
}

test('a signal without a name is told by its number', () => {
  assert.equal(afterRun({ result: 'signal', exit: { how: 'killed', status: 40 } }).detail, 'killed by signal 40');
});

test('what failed around a main process that is well is named', () => {
  const failures = [{ command: 'ExecStartPost=/bin/check', exit: { how: 'killed', status: 15 } as const }];
  const run = afterRun({ result: 'signal', exit: { how: 'exited', status: 0 } }, { failures });
  assert.deepEqual([run.detail, run.exitStatus], ['ExecStartPost=/bin/check killed by SIGTERM', 0]);
  assert.equal(afterRun({ result: 'exit-code', exit: null }).detail, 'exit-code');
});

/** Of a job that ends so before anything of the unit runs. */
function afterJob(result: string, details: Partial<UnitDetails> = {}, state: Partial<UnitState> = {}): UnitRun {
  const history = new UnitHistory(idle({ invocationId: 'an earlier one', result: 'exit-code' }));
  history.await(7);
  history.saw(idle({ invocationId: 'an earlier one', job: 7, result: 'exit-code', ...state }));
  history.jobEnded(7, result);
  history.saw(idle({ invocationId: 'an earlier one', result: 'exit-code', ...state }));
  assert.ok(history.settled);
  return judge(history, { ...NO_DETAILS, ...details }, ['need.service', 'other.service']);
}

for (const [word, end, result] of [
  ['done', 'failed', 'unknown'],
  ['canceled', 'stopped', 'canceled'],
  ['timeout', 'timed-out', 'timeout'],
  ['failed', 'failed', 'start-limit-hit'],
  ['dependency', 'failed', 'dependency'],
  ['skipped', 'condition', 'skipped'],
  ['assert', 'failed', 'assert'],
  ['invalid', 'failed', 'invalid'],
  ['unsupported', 'failed', 'unsupported'],
  ['collected', 'failed', 'collected'],
  ['once', 'failed', 'once'],
  ['frozen', 'failed', 'frozen'],
  ['unknown', 'failed', 'unknown'],
] as const) {
  test(`a job that ends as ${word} before anything ran: ${end}, ${result}, and the run before it does not count`, () => {
    const { detail, ...run } = afterJob(word);
    assert.deepEqual(run, {
      end,
      result,
      exitStatus: null,
      invocationId: null,
      startedAt: null,
      endedAt: null,
      restarts: 0,
    });
    assert.notEqual(detail, '');
  });
}

test('what it requires and did not get is named', () => {
  assert.equal(afterJob('dependency').detail, 'need.service, other.service, which it requires, failed');
});

const check = (text: string, holds: boolean | null, either = false): UnitDetails['conditions'][number] => ({
  text,
  holds,
  either,
});
for (const [title, conditions, detail] of [
  ['the one that does not hold', [check('A', true), check('B', false)], 'B does not hold'],
  [
    'the alternatives, of which none holds',
    [check('A', true), check('|B', false, true), check('|C', false, true)],
    'none of |B, |C holds',
  ],
  ['the only one', [check('A', null)], 'A does not hold'],
  ['all of them when it is not known which', [check('A', null), check('B', null)], 'one of A, B does not hold'],
  ['nothing when none is known', [], 'one of its conditions does not hold'],
] as const) {
  test(`of conditions ${title} is told`, () => {
    assert.equal(afterJob('done', { conditions }, { conditionsHold: false }).detail, detail);
  });
}

test('a unit that could not be loaded has failed with the word for that, and says why', () => {
  const { result, detail } = notLoaded(idle({ load: 'bad-setting' }), { ...NO_DETAILS, loadError: 'no ExecStart= setting' });
  assert.deepEqual([result, detail], ['bad-setting', 'no ExecStart= setting']);
  assert.equal(notLoaded(idle({ load: 'error' }), NO_DETAILS).detail, "systemd says 'error' of it");
});
