// Units of a real systemd, as the Manager finds, runs and stops them. What it says is held against the text of the unit, which
// makes its end certain, or against what systemctl says.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, before, describe, test } from 'node:test';
import type { Container } from '../../lab/container/container.ts';
import { type Lab, openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';
import { duration } from '../../src/domain/duration.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import type { Manager, UnitRun } from '../../src/tools/systemd/manager.ts';
import { openManager } from '../../src/tools/systemd/open-manager.ts';
import { RELAY, SAMPLES } from './support/sample-units.ts';

const skip = missingFor('container');
const NEVER = new AbortController().signal;
const SOON = duration(10, 's');

let lab: Lab;
let host: Container;
let manager: Manager;

before(async () => {
  if (skip) return;
  lab = await openLab();
  host = await lab.container({ name: 'forge', files: SAMPLES });
  await host.exec(['systemctl', 'start', 'relay.socket', 'timed.timer', 'either.timer']);
  await host.exec(['systemctl', 'enable', 'real-name.service']);
  await host.exec(['systemctl', 'mask', 'masked.service']);
  manager = await openManager(NEVER, { systemd: host.outside(RELAY), bus: '/nonexistent' });
});
after(async () => {
  await manager?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

const run = (unit: string): Promise<UnitRun> => manager.run(unit, NEVER);
const systemctl = (...args: readonly string[]): Promise<unknown> => host.exec(['systemctl', ...args]);
const show = (unit: string, property: string): Promise<string> => host.tell('systemctl', 'show', '-P', property, '--', unit);
const until = (unit: string, sub: string): Promise<unknown> =>
  host.sh('until [ "$(systemctl show -P SubState -- "$1")" = "$2" ]; do sleep 0.02; done', [unit, sub]);

/** [unit, end, result, detail]. */
const ENDS: readonly (readonly [string, UnitRun['end'], string, RegExp])[] = [
  ['well.service', 'succeeded', 'success', /^exited with 0$/],
  ['forks.service', 'succeeded', 'success', /^exited with 0$/],
  ['three.service', 'failed', 'exit-code', /^exited with 3$/],
  ['killed.service', 'failed', 'signal', /^killed by SIGKILL$/],
  ['slow.service', 'timed-out', 'timeout', /TimeoutStartSec/],
  ['limited.service', 'timed-out', 'timeout', /RuntimeMaxSec/],
  ['before.service', 'failed', 'exit-code', /^ExecStartPre=\/bin\/sh exited with 7$/],
  ['behind.service', 'failed', 'exit-code', /^ExecStopPost=\/bin\/sh exited with 5$/],
  ['no-program.service', 'failed', 'exit-code', /^exited with 203 \(the program could not be executed\)$/],
  ['silent-notify.service', 'failed', 'protocol', /Type=/],
  ['terminated.service', 'stopped', 'success', /^killed by SIGTERM$/],
  ['simple-four.service', 'failed', 'exit-code', /^exited with 4$/],
  ['instance@a\\x2db-c.service', 'succeeded', 'success', /^exited with 0$/],
  ['alias.service', 'succeeded', 'success', /^exited with 0$/],
  ['multi-user.target', 'succeeded', 'success', /^done$/],
  ['masked.service', 'failed', 'masked', /is masked/],
  ['absent.service', 'failed', 'not-found', /absent\.service not found/],
  ['condition.service', 'condition', 'condition', /^ConditionPathExists=\/srv\/data does not hold$/],
  ['timed.service', 'condition', 'condition', /^ConditionPathExists=!\/usr does not hold$/],
  ['either.service', 'condition', 'condition', /^none of (ConditionPathExists=\|(\/srv\/a|!\/usr)(, )?){2} holds$/],
  [
    'two-conditions.service',
    'condition',
    'condition',
    /^one of ConditionPathExists=.*, ConditionPathExists=.* does not hold$/,
  ],
  ['exec-condition.service', 'condition', 'exec-condition', /ExecCondition=/],
  ['assert.service', 'failed', 'assert', /^AssertPathExists=\/srv\/data does not hold$/],
  ['needs.service', 'failed', 'dependency', /^need\.service, which it requires, failed$/],
];

describe('how a unit ends', { skip, concurrency: true }, () => {
  for (const [unit, end, result, detail] of ENDS) {
    test(`${unit}: ${end}, ${result}`, async () => {
      const seen = await run(unit);
      assert.deepEqual([seen.end, seen.result], [end, result], seen.detail);
      assert.match(seen.detail, detail);
      assert.equal(seen.restarts, 0);
      const exited = /^exited with (\d+)/.exec(seen.detail);
      if (exited) assert.equal(seen.exitStatus, Number(exited[1]));
    });
  }

  test('a run has the times of its main process, and the id under which the journal has it', async () => {
    const begun = Date.now();
    const { startedAt, endedAt, invocationId } = await run('quick');
    const logged = await host.tell(
      'journalctl',
      '-o',
      'cat',
      `_SYSTEMD_INVOCATION_ID=${invocationId}`,
      '+',
      `INVOCATION_ID=${invocationId}`,
    );
    assert.match(logged, /Finished quick\.service/);
    assert.ok(
      startedAt !== null && endedAt !== null && begun - 1 <= startedAt && startedAt <= endedAt && endedAt <= Date.now(),
    );
  });

  for (const type of ['simple', 'exec', 'forking', 'notify']) {
    test(`of Type=${type} the end is waited for, not only the start`, async () => {
      const { end, exitStatus, endedAt } = await run(type);
      assert.deepEqual([end, exitStatus], ['succeeded', 0]);
      assert.ok(endedAt !== null && endedAt <= Date.now());
    });
  }

  test('what remains after its exit has settled with that, and really runs again the next time', async () => {
    const first = await run('remains.service');
    assert.equal(await show('remains.service', 'SubState'), 'exited');
    const second = await run('remains.service');
    assert.deepEqual([first.end, second.end], ['succeeded', 'succeeded']);
    assert.notEqual(first.invocationId, second.invocationId);
    assert.ok((second.startedAt ?? 0) >= (first.endedAt ?? Infinity));
    assert.equal(await manager.settled('remains.service', NEVER), null);
  });

  test('a unit that is started too often is not started, which is no outcome of the time before', async () => {
    const results = [];
    for (let time = 0; time < 3; time++) results.push(await run('too-often.service'));
    assert.deepEqual(
      results.map(({ end, result }) => `${end} ${result}`),
      ['failed exit-code', 'failed exit-code', 'failed start-limit-hit'],
    );
    assert.equal(results[2]?.invocationId, null);
  });

  for (const unit of ['third-time.service', 'third-oneshot.service']) {
    test(`${unit}: restarts by systemd are waited for and counted, and the last invocation is judged`, async () => {
      const seen = await run(unit);
      assert.deepEqual([seen.end, seen.exitStatus, seen.restarts], ['succeeded', 0, 2]);
    });
  }

  test('a unit that systemd restarts until it gives up has failed', async () => {
    const seen = await run('gives-up.service');
    assert.deepEqual([seen.end, seen.result, seen.exitStatus, seen.restarts], ['failed', 'exit-code', 6, 2]);
  });

  test('a job that waits longer for others than its unit allows is timed out, and one that is cancelled is stopped', async () => {
    await systemctl('start', '--no-block', 'queue.service');
    const [impatient, queued] = [run('impatient.service'), run('queued.service')];
    const late = await impatient;
    assert.deepEqual([late.end, late.result, late.invocationId], ['timed-out', 'timeout', null]);
    await systemctl('stop', 'queued.service');
    assert.deepEqual(pick(await queued), { end: 'stopped', result: 'canceled' });
    await systemctl('stop', 'queue.service');
  });
});

const pick = ({ end, result }: UnitRun): Pick<UnitRun, 'end' | 'result'> => ({ end, result });

describe('what others do meanwhile', { skip, concurrency: true }, () => {
  for (const unit of ['long@0.service', 'long@5.service']) {
    test(`${unit} runs already: that run is joined, and judged`, async () => {
      await systemctl('start', '--no-block', unit);
      await until(unit, 'start');
      const [seen, settled, id] = await Promise.all([run(unit), manager.settled(unit, NEVER), show(unit, 'InvocationID')]);
      assert.deepEqual([seen.end, seen.invocationId], [unit === 'long@0.service' ? 'succeeded' : 'failed', id]);
      assert.deepEqual(settled, seen);
    });
  }

  test('what has no running job is waited for as well', async () => {
    await systemctl('start', 'long-simple@0.service');
    const both = [run('long-simple@0.service'), manager.settled('long-simple@0.service', NEVER)] as const;
    const [seen, settled] = await Promise.all(both);
    assert.deepEqual([seen.end, settled?.end], ['succeeded', 'succeeded']);
    assert.equal(seen.invocationId, settled?.invocationId);
  });

  test('nothing is to be waited for when nothing runs: neither a unit that never ran, nor one that has failed, nor none', async () => {
    await host.exec(['systemctl', 'start', 'gap-three.service'], { anyExit: true });
    for (const unit of ['instance@x.service', 'gap-three.service', 'absent.service', 'multi-user.target']) {
      assert.equal(await manager.settled(unit, NEVER), null, unit);
    }
  });

  for (const [unit, sub, result] of [
    ['stopped.service', 'start', 'signal'],
    ['daemon.service', 'running', 'success'],
    ['polite.service', 'running', 'success'],
    ['much-later.service', 'auto-restart', 'exit-code'],
  ] as const) {
    test(`${unit}: who is stopped by somebody has not succeeded, and not failed`, async () => {
      const running = run(unit);
      await until(unit, sub);
      const settled = manager.settled(unit, NEVER);
      await manager.facts(unit); // that is answered after what was asked before
      await systemctl('stop', unit);
      assert.deepEqual(pick(await running), { end: 'stopped', result });
      assert.equal((await settled)?.end, 'stopped');
    });
  }

  test('who is started again by somebody is judged by the run after that', async () => {
    const running = run('run-again.service');
    await until('run-again.service', 'running');
    await host.exec(['systemctl', 'restart', 'run-again.service'], { anyExit: true });
    const seen = await running;
    assert.deepEqual([seen.end, seen.exitStatus], ['failed', 3]);
  });

  for (const way of ['run', 'settled'] as const) {
    test(`when ${way} is aborted its reason is thrown at once, nobody listens any more, and the unit goes on`, async () => {
      const unit = way === 'run' ? 'long@6.service' : 'long@7.service';
      await systemctl('start', '--no-block', unit);
      const controller = new AbortController();
      const waiting = manager[way](unit, controller.signal);
      await until(unit, 'start');
      const reason = new Error('enough');
      setTimeout(() => controller.abort(reason), 100);
      await assert.rejects(waiting, reason);
      assert.equal(await show(unit, 'SubState'), 'start');
      assert.deepEqual(getEventListeners(controller.signal, 'abort'), []);
      await assert.rejects(manager[way](unit, controller.signal), reason);
    });
  }
});

describe('stopping', { skip, concurrency: true }, () => {
  test('what does not run is left alone', async () => {
    for (const unit of ['good.service', 'absent.service', 'masked.service', 'three.service']) await manager.stop(unit, SOON);
  });

  test('what ends by SIGTERM has ended when it is said', async () => {
    await systemctl('start', 'daemon.service');
    await manager.stop('daemon.service', SOON);
    assert.equal(await show('daemon.service', 'ActiveState'), 'inactive');
  });

  test('what remains after its exit is stopped, too', async () => {
    await run('remains.service');
    await manager.stop('remains.service', SOON);
    assert.equal(await show('remains.service', 'ActiveState'), 'inactive');
  });

  test('what ignores SIGTERM is left to systemd until its TimeoutStopSec', async () => {
    await systemctl('start', 'obstinate.service');
    await manager.stop('obstinate.service', SOON);
    assert.equal(await show('obstinate.service', 'Result'), 'timeout');
  });

  test('after the patience the whole control group is killed, however long its TimeoutStopSec', async () => {
    await systemctl('start', 'undying.service');
    await manager.stop('undying.service', duration(300, 'ms'));
    assert.equal(await show('undying.service', 'Result'), 'signal');
    assert.equal((await host.exec(['pgrep', '-f', '[s]leep 61$'], { anyExit: true })).exitCode, 1);
  });
});

describe('starting what is not waited for', { skip, concurrency: true }, () => {
  test('a timer has started when it is said', async () => {
    await systemctl('stop', 'either.timer');
    await manager.start('either.timer');
    assert.equal(await show('either.timer', 'ActiveState'), 'active');
  });

  for (const unit of ['absent.timer', 'broken.timer', 'three.service', 'assert.service']) {
    test(`${unit} cannot be started`, async () => {
      await assert.rejects(manager.start(unit), (error) => error instanceof HoldfastError && error.code === 'tool-failed');
    });
  }
});
