import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import { later } from '../../../src/domain/instant.ts';
import { type KilledUnit, killedUnits } from '../../../src/engine/notify/killed-units.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import type { Manager } from '../../../src/tools/systemd/manager.ts';
import { NotifiedHost, UNREACHABLE } from './support.ts';

const minute = duration(1, 'm');

/** systemd says that its unit was killed a minute after it was started, now. */
function kill(host: NotifiedHost, unit: string, result = 'oom-kill'): () => Promise<readonly KilledUnit[]> {
  const startedAt = host.now;
  host.pass(minute);
  const endedAt = host.now;
  host.pass(minute);
  return () => Promise.resolve([{ unit, result, startedAt, endedAt }]);
}

test('a start that was killed before its run was on record is told once, and is over when a run succeeds', async () => {
  using host = new NotifiedHost(['a', 'b']);
  host.run({ 'a@nas': 'succeeded', 'a@offsite': 'succeeded' });
  await host.flush();
  host.pass(duration(1, 'h'));
  const killed = kill(host, 'holdfast-run@a.service');
  for (let times = 0; times < 3; times += 1) {
    await host.flush({ killed });
    host.pass(minute);
  }
  const [only, ...others] = host.sent;
  assert.deepEqual(others, []);
  assert.match(only?.message.title ?? '', /^Failed: .*backup/);
  assert.match(only?.message.body ?? '', /holdfast-run@a\.service was ended \(oom-kill\) before its run was on record/);
  assert.match(only?.message.body ?? '', /journalctl -u holdfast-run@a\.service/);
  host.pass(duration(1, 'h'));
  const begun = host.begin(['a@nas', 'a@offsite']);
  await host.flush({ killed });
  assert.equal(host.sent.length, 1, 'beginning is not yet being well');
  host.end(begun, { 'a@nas': 'succeeded', 'a@offsite': 'succeeded' });
  host.pass(minute);
  await host.flush({ killed });
  assert.match(host.titles().at(-1) ?? '', /^Resolved: /);
  const told = host.sent.length;
  host.pass(minute);
  await host.flush({ killed });
  assert.equal(host.sent.length, told, 'also while systemd still calls the unit failed');
});

test('what has a run on record is told by that alone, however it ended', async () => {
  for (const out of ['died', UNREACHABLE] as const) {
    using host = new NotifiedHost(['a']);
    const startedAt = host.now;
    host.pass(minute);
    host.run({ 'a@nas': out, 'a@offsite': out });
    host.pass(minute);
    const killed = () =>
      Promise.resolve([{ unit: 'holdfast-run@a.service', result: 'signal', startedAt, endedAt: later(startedAt, minute) }]);
    await host.flush({ killed });
    assert.ok(host.sent.length > 0);
    assert.ok(host.sent.every(({ message }) => !message.body.includes('on record')));
  }
});

test("units that are no job of this configuration are nobody's problem", async () => {
  using host = new NotifiedHost(['a']);
  await host.flush({ killed: kill(host, 'holdfast-run@gone.service') });
  assert.deepEqual(host.titles(), []);
});

const { signal } = new AbortController();
const NO_MANAGER = {
  find: () => Promise.resolve([]),
  [Symbol.asyncDispose]: () => Promise.resolve(),
} as unknown as Manager; // what is asked of it here

test('of the units that failed those count that did not end by themselves', async () => {
  const state = { sub: 'failed', load: 'loaded', file: null };
  const unit = (name: string, active = 'failed') => ({ ...state, name, active });
  const results = new Map([
    ['holdfast-run@a.service', 'oom-kill'],
    ['holdfast-run@b.service', 'exit-code'],
  ]);
  const manager = {
    ...NO_MANAGER,
    find: () =>
      Promise.resolve([...[...results.keys()].map((name) => unit(name)), unit('holdfast-run@c.service', 'inactive')]),
    facts: (name: string) => Promise.resolve({ name, result: results.get(name), startedAt: 1, endedAt: 2 }),
  } as unknown as Manager;
  assert.deepEqual(await killedUnits(signal, () => Promise.resolve(manager)), [
    { unit: 'holdfast-run@a.service', result: 'oom-kill', startedAt: 1, endedAt: 2 },
  ]);
});

test('a systemd that does not answer, or is not there, keeps nothing else from being told', async () => {
  const stuck: Manager = { ...NO_MANAGER, find: () => new Promise(() => {}) };
  assert.deepEqual(await killedUnits(signal, () => Promise.resolve(stuck), duration(20, 'ms')), []);
  const absent = new HoldfastError({ code: 'unsupported', operation: 'o', subject: 's', message: 'm' });
  assert.deepEqual(await killedUnits(signal, () => Promise.reject(absent)), []);
});
