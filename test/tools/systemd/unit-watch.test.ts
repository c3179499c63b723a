// Waiting for a unit on a line whose every word is ours: what arrives together, what is aborted, and what is lost.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type { Call, Signal } from '../../../src/tools/systemd/bus.ts';
import type { Line, Listener } from '../../../src/tools/systemd/link.ts';
import { ConnectionLost } from '../../../src/tools/systemd/refusal.ts';
import { runUnit } from '../../../src/tools/systemd/run-unit.ts';
import type { Properties } from '../../../src/tools/systemd/unit-state.ts';

const PATH = '/org/freedesktop/systemd1/unit/x_2eservice';
const SYSTEMD = 'org.freedesktop.systemd1';

const IDLE: Properties = {
  Id: 'x.service',
  LoadState: 'loaded',
  LoadError: ['', ''],
  ActiveState: 'inactive',
  SubState: 'dead',
  Job: [0, '/'],
  InvocationID: Buffer.alloc(0),
  ConditionResult: false,
  Conditions: [],
  Asserts: [],
  Type: 'oneshot',
  Result: 'success',
};
const ACTIVE = {
  InvocationID: Buffer.from('01', 'hex'),
  ConditionResult: true,
  ActiveState: 'activating',
  SubState: 'start',
};
const ENDED = { ActiveState: 'inactive', SubState: 'dead', ExecMainCode: 1, ExecMainStatus: 0 };
const JOB = { Job: [7, `/org/freedesktop/systemd1/job/7`] };

/** A unit and its systemd. */
class FakeLine implements Line {
  readonly listeners = new Set<Listener>();
  readonly orders: string[] = [];
  /** What StartUnit does: it may say something together with its answer, or throw. */
  onOrder: () => void | Promise<never> = () => {};
  unit: Properties = IDLE;

  listen(listener: Listener): Disposable {
    this.listeners.add(listener);
    return { [Symbol.dispose]: () => this.listeners.delete(listener) };
  }

  async ask<Answer>(call: Call<Answer>): Promise<Answer> {
    await Promise.resolve(); // an answer takes a while
    return call.read({ LoadUnit: PATH, GetAll: this.unit, Get: 'start' }[call.member]);
  }

  async order<Answer>(call: Call<Answer>): Promise<Answer> {
    this.orders.push(call.member);
    const answer = call.read('/org/freedesktop/systemd1/job/7');
    await this.onOrder();
    return answer;
  }

  /** A change of the unit. */
  say(change: Properties): void {
    this.unit = { ...this.unit, ...change };
    this.#tell({
      path: PATH,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'PropertiesChanged',
      body: [`${SYSTEMD}.Unit`, change, []],
    });
  }

  endJob(result: string): void {
    const body = [7, '/org/freedesktop/systemd1/job/7', 'x.service', result];
    this.#tell({ path: '/org/freedesktop/systemd1', interface: `${SYSTEMD}.Manager`, member: 'JobRemoved', body });
    this.say({ Job: [0, '/'] });
  }

  #tell(signal: Signal): void {
    for (const listener of this.listeners) listener.heard(signal);
  }
}
const NEVER = new AbortController().signal;

test('what arrives together with the answer to the order is not lost, even when that is all there is', async () => {
  const line = new FakeLine();
  line.onOrder = () => {
    line.say({ ...ACTIVE, ...JOB });
    line.say(ENDED);
    line.endJob('done');
    line.unit = IDLE; // it is unloaded
  };
  const { end, detail } = await runUnit(line, 'x.service', NEVER);
  assert.deepEqual([end, detail, line.listeners.size], ['succeeded', 'exited with 0', 0]);
});

test('jobs and changes of other units are theirs', async () => {
  const line = new FakeLine();
  line.onOrder = () => {
    line.say({ ...ACTIVE, ...JOB });
    for (const listener of line.listeners) {
      listener.heard({
        path: `${PATH}x`,
        interface: 'org.freedesktop.DBus.Properties',
        member: 'PropertiesChanged',
        body: [`${SYSTEMD}.Unit`, ENDED, []],
      });
      listener.heard({
        path: '/',
        interface: `${SYSTEMD}.Manager`,
        member: 'JobRemoved',
        body: [7, '/', 'y.service', 'failed'],
      });
    }
    setImmediate(() => {
      line.say({ ...ENDED, ExecMainStatus: 4, Result: 'exit-code', ActiveState: 'failed' });
      line.endJob('failed');
    });
  };
  assert.equal((await runUnit(line, 'x.service', NEVER)).detail, 'exited with 4');
});

test('in whatever it is aborted, its reason is thrown and nobody listens any more', async () => {
  for (const hang of ['ask', 'order', 'wait'] as const) {
    const line = new FakeLine();
    const never = new Promise<never>(() => {});
    if (hang === 'ask') line.ask = () => never;
    if (hang === 'order') line.onOrder = () => never;
    const controller = new AbortController();
    const running = runUnit(line, 'x.service', controller.signal);
    const reason = new Error('enough');
    setImmediate(() => controller.abort(reason));
    await assert.rejects(running, reason);
    assert.deepEqual([line.listeners.size, getEventListeners(controller.signal, 'abort')], [0, []], hang);
  }
});

test('when nothing is to be heard any more the waiting ends with the reason', async () => {
  const line = new FakeLine();
  const running = runUnit(line, 'x.service', NEVER);
  setImmediate(() => [...line.listeners].forEach((listener) => listener.ended(new Error('gone for good'))));
  await assert.rejects(running, /gone for good/);
  assert.equal(line.listeners.size, 0);
});

test('what looks settled and is only between two runs, as before version 254, is waited for', async () => {
  const line = new FakeLine();
  line.onOrder = () => {
    line.say({ ...ACTIVE, ...JOB });
    line.say({ ...ENDED, ActiveState: 'failed', SubState: 'failed', Result: 'exit-code', ExecMainStatus: 1 });
    line.endJob('failed');
    line.unit = { ...line.unit, ActiveState: 'activating', SubState: 'auto-restart' };
    setImmediate(() => {
      line.say({ ...ACTIVE, InvocationID: Buffer.from('02', 'hex'), NRestarts: 1, Result: 'success', ExecMainCode: 0 });
      line.say({ ...ENDED, Result: 'success' });
    });
  };
  const { end, restarts, invocationId } = await runUnit(line, 'x.service', NEVER);
  assert.deepEqual([end, restarts, invocationId], ['succeeded', 1, '02']);
});

test('who is only about to wait when nothing is to be heard any more is told as well', async () => {
  const line = new FakeLine();
  line.onOrder = () => [...line.listeners].forEach((listener) => listener.ended(new Error('gone for good')));
  await assert.rejects(runUnit(line, 'x.service', NEVER), /gone for good/);
});

for (const [title, words, end] of [
  ['starts itself anew is what it was, although that is over when it is looked at again', [[true], [false]], 'succeeded'],
  ['was only not heard is not known to be one', [], 'failed'],
] as const) {
  test(`a success while systemd ${title}`, async () => {
    const line = new FakeLine();
    line.onOrder = () => {
      line.say({ ...ACTIVE, ...JOB });
      const reloading = { path: '/org/freedesktop/systemd1', interface: `${SYSTEMD}.Manager`, member: 'Reloading' };
      const [before, after] = words;
      for (const listener of line.listeners) {
        if (before) listener.heard({ ...reloading, body: before });
        line.unit = { ...line.unit, ...ENDED, Job: [0, '/'] };
        listener.resumed();
        if (after) listener.heard({ ...reloading, body: after });
      }
    };
    assert.equal((await runUnit(line, 'x.service', NEVER)).end, end);
  });
}

for (const [title, seen, orders] of [
  ['is not repeated when the unit was started', { ...ACTIVE, ...JOB }, 1],
  ['is repeated when it was not', {}, 2],
] as const) {
  test(`an order whose answer was lost ${title}`, async () => {
    const line = new FakeLine();
    line.onOrder = () => {
      line.unit = { ...line.unit, ...seen };
      line.onOrder = () => line.say({ ...ACTIVE, ...JOB });
      setImmediate(() =>
        setImmediate(() => {
          line.say(ENDED);
          line.endJob('done');
        }),
      );
      return Promise.reject(new ConnectionLost());
    };
    assert.equal((await runUnit(line, 'x.service', NEVER)).end, 'succeeded');
    assert.equal(line.orders.length, orders);
  });
}
