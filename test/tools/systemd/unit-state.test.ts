// Properties of units as data: what is odd about them. What real systemds say is in the recordings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDetails } from '../../../src/tools/systemd/unit-details.ts';
import { parseState, type Properties } from '../../../src/tools/systemd/unit-state.ts';

/** Of a target: it has nothing of what services have. */
const TARGET: Properties = {
  Id: 'x.target',
  LoadState: 'loaded',
  LoadError: ['', ''],
  ActiveState: 'active',
  SubState: 'active',
  Job: [0, '/'],
  InvocationID: Buffer.from('00ff', 'hex'),
  ConditionResult: true,
  Conditions: [],
  Asserts: [],
};

test('microseconds become milliseconds, zero is never, and no digit is lost on the way', () => {
  const times = { ExecMainStartTimestamp: 0n, ExecMainExitTimestamp: 1_795_288_761_412_999n };
  const { startedAt, endedAt } = parseState({ ...TARGET, ...times });
  assert.deepEqual([startedAt, endedAt], [null, 1_795_288_761_412]);
});

test('what is no service has no type, no exit and no failures', () => {
  const { type, exit, result, invocationId } = parseState(TARGET);
  assert.deepEqual({ type, exit, result, invocationId }, { type: '', exit: null, result: 'success', invocationId: '00ff' });
  assert.deepEqual(parseDetails(TARGET).failures, []);
});

test('a command that may fail is no failure, and the arguments of one that must not are not told', () => {
  const command = (program: string, mayFail: boolean, code: number, status: number): unknown[] => [
    program,
    [program, '--password=x'],
    mayFail,
    0n,
    0n,
    0n,
    0n,
    9,
    code,
    status,
  ];
  const ExecStartPre = [
    command('/bin/a', true, 1, 1),
    command('/bin/b', false, 1, 0),
    command('/bin/c', false, 0, 0),
    command('/bin/d', false, 2, 15),
  ];
  assert.deepEqual(parseDetails({ ...TARGET, ExecStartPre }).failures, [
    { command: 'ExecStartPre=/bin/d', exit: { how: 'killed', status: 15 } },
  ]);
});

test('properties of another shape are not taken for a unit', () => {
  for (const wrong of [{ Job: 0 }, { ActiveState: undefined }, { InvocationID: 'text' }, { ExecMainStartTimestamp: 5 }]) {
    assert.throws(() => parseState({ ...TARGET, ...wrong }));
  }
});
