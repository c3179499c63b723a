import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Semaphore } from '../../src/lib/semaphore.ts';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('lets so many in at once, then the next in the order in which they came', async () => {
  const semaphore = new Semaphore(2);
  const entered: number[] = [];
  const enter = (number: number): Promise<Disposable> =>
    semaphore.acquire(never).then((slot) => {
      entered.push(number);
      return slot;
    });
  const [first, second, third, fourth] = [1, 2, 3, 4].map(enter);
  await turn();
  assert.deepEqual(entered, [1, 2]);
  (await second)?.[Symbol.dispose]();
  await turn();
  assert.deepEqual(entered, [1, 2, 3]);
  (await first)?.[Symbol.dispose]();
  await turn();
  assert.deepEqual(entered, [1, 2, 3, 4]);
  (await third)?.[Symbol.dispose]();
  (await fourth)?.[Symbol.dispose]();
});

it('forgets whoever stopped waiting, and gives the slot to the next', async () => {
  const semaphore = new Semaphore(1);
  const held = await semaphore.acquire(never);
  const stop = new AbortController();
  const gone = semaphore.acquire(stop.signal);
  const next = semaphore.acquire(never);
  stop.abort(new Error('enough'));
  await assert.rejects(gone, /enough/);
  held[Symbol.dispose]();
  (await next)[Symbol.dispose]();
});

it('loses no slot when the turn and the cancellation come at the same moment, in either order', async () => {
  for (const abortFirst of [true, false]) {
    const semaphore = new Semaphore(1);
    const held = await semaphore.acquire(never);
    const stop = new AbortController();
    const waiting = semaphore.acquire(stop.signal).then(
      (slot) => slot[Symbol.dispose](),
      () => {},
    );
    if (abortFirst) stop.abort();
    held[Symbol.dispose]();
    stop.abort();
    await waiting;
    (await semaphore.acquire(AbortSignal.timeout(1000)))[Symbol.dispose]();
  }
});

it('takes no slot for a signal that has been aborted before', async () => {
  const semaphore = new Semaphore(1);
  await assert.rejects(semaphore.acquire(AbortSignal.abort(new Error('no'))), /no/);
  (await semaphore.acquire(AbortSignal.timeout(1000)))[Symbol.dispose]();
});
