// At most so many at once, first come first served.

import { untilAborted } from './abort.ts';

export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(permits: number) {
    this.#free = permits;
  }

  /** Rejects with the signal's reason when that comes first. */
  async acquire(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else {
      const turn = Promise.withResolvers<void>();
      this.#waiting.push(turn.resolve);
      try {
        await untilAborted(turn.promise, signal);
      } catch (reason) {
        const position = this.#waiting.indexOf(turn.resolve);
        if (position === -1) this.#release(); // our turn came at the same moment
        else this.#waiting.splice(position, 1);
        throw reason;
      }
    }
    return { [Symbol.dispose]: () => this.#release() };
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
