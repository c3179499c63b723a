// One shared file lock of this process, used by many steps: taking one costs a child process, and steps of a plan follow
// one another at once. Other processes see an ordinary shared lock.

import { duration } from '../domain/duration.ts';
import { untilAborted } from '../lib/abort.ts';
import type { HeldLock } from '../tools/util-linux/flock.ts';

/** An older one is no longer joined, so that an exclusive waiter of another process gets its chance between two steps. */
const LONGEST_REUSE = duration(30, 's');

export class SharedHold {
  readonly #lock: Promise<HeldLock>;
  readonly #cancel = new AbortController();
  readonly #forget: () => void;
  readonly #since = performance.now();
  readonly #closed = Promise.withResolvers<void>();
  #users = 0;
  #ended = false;

  /** `acquire` takes the lock; `forget` is called once nobody may join any more, perhaps more than once. */
  constructor(acquire: (signal: AbortSignal) => Promise<HeldLock>, forget: () => void) {
    this.#forget = forget;
    this.#lock = acquire(this.#cancel.signal);
    this.#lock.then(
      ({ lost }) => lost.addEventListener('abort', forget, { once: true }),
      forget, // whoever joined is told by join()
    );
  }

  get mayBeJoined(): boolean {
    return !this.#ended && performance.now() - this.#since < LONGEST_REUSE;
  }

  get isUsed(): boolean {
    return this.#users > 0;
  }

  /** Resolves when the lock is given up, and its child process gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Resolves once the lock is held. The last one that stops waiting ends the wait itself, child process and all. */
  async join(signal: AbortSignal): Promise<HeldLock> {
    this.#users += 1;
    let lock: HeldLock;
    try {
      lock = await untilAborted(this.#lock, signal);
    } catch (reason) {
      this.#users -= 1;
      if (this.#users === 0) await this.#end(reason);
      throw reason;
    }
    const use = new AsyncDisposableStack();
    use.defer(() => this.#leave());
    return { lost: lock.lost, [Symbol.asyncDispose]: () => use.disposeAsync() };
  }

  /** Whoever waits for this step starts before setImmediate fires, and finds the lock still held. */
  async #leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    if (this.mayBeJoined) setImmediate(() => (this.#users === 0 ? void this.#end(null) : undefined));
    else await this.#end(null);
  }

  /** Never rejects. */
  async #end(reason: unknown): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#forget();
    this.#cancel.abort(reason);
    try {
      const lock = await this.#lock;
      await lock[Symbol.asyncDispose]();
    } catch {
      // It was never held: join() has told why.
    }
    this.#closed.resolve();
  }
}
