import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { firstCause, untilAborted } from '../../src/lib/abort.ts';
import { HoldfastError } from '../../src/lib/errors.ts';
import { interruption, stopSignalOf } from '../../src/lib/interruption.ts';

describe('waiting until a signal aborts', () => {
  it('gives the value of a promise that settles first, or its error', async () => {
    const { signal } = new AbortController();
    assert.equal(await untilAborted(Promise.resolve(7), signal), 7);
    await assert.rejects(untilAborted(Promise.reject(new Error('own')), signal), /own/);
  });

  it('rejects with the reason of a signal that aborts first or has aborted before', async () => {
    const stop = new AbortController();
    const waiting = untilAborted(new Promise(() => {}), stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(untilAborted(Promise.resolve(1), stop.signal), /enough/);
  });

  it('takes care of what fails after it was given up', async () => {
    const [given, before] = [Promise.withResolvers<never>(), Promise.withResolvers<never>()];
    const stop = new AbortController();
    const waiting = untilAborted(given.promise, stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(untilAborted(before.promise, stop.signal), /enough/);
    for (const { reject } of [given, before]) reject(new Error('late'));
    await new Promise(setImmediate); // a rejection that nobody handles would fail the test
  });

  it('leaves no listener behind, however it ends', async () => {
    const { signal } = new AbortController();
    await untilAborted(Promise.resolve(), signal);
    await assert.rejects(untilAborted(Promise.reject(new Error('x')), signal));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});

describe('the first cause', () => {
  const reason = new Error('the time is up');
  const abortError = (): Promise<unknown> =>
    sleep(9, undefined, { signal: AbortSignal.abort(reason) }).catch((error: unknown) => error);

  it('is the reason of the signal for an AbortError, also one whose clean-up failed', async () => {
    const signal = AbortSignal.abort(reason);
    assert.equal(firstCause(await abortError(), signal), reason);
    const both = firstCause(new SuppressedError(new Error('rm'), await abortError()), signal);
    assert(both instanceof SuppressedError);
    assert.equal(both.suppressed, reason);
  });

  it('is the error itself when it is no AbortError, or nothing was cancelled', async () => {
    const bug = new TypeError('x is undefined');
    assert.equal(firstCause(bug, AbortSignal.abort(reason)), bug);
    const other = await abortError();
    assert.equal(firstCause(other, new AbortController().signal), other);
  });
});

describe('the signal that asked to stop', () => {
  it('is found in the reason', () => {
    assert.equal(stopSignalOf(interruption('SIGINT')), 'SIGINT');
    assert.equal(stopSignalOf(interruption('SIGTERM')), 'SIGTERM');
  });

  it('is none for any other reason', () => {
    const other = new HoldfastError({ code: 'timed-out', operation: 'x', subject: 'SIGTERM', message: 'x' });
    for (const reason of [null, undefined, 'SIGINT', new Error('SIGINT'), other]) assert.equal(stopSignalOf(reason), null);
  });
});
