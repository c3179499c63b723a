// A number of places under one name, of which each is for one holder, in whichever process: so that jobs which different timers
// start share what one run would share. A place is a file held by flock(1). Whoever finds none queues, and the first of the queue
// waits for all places at once: nobody polls. A newcomer tries the places before he queues, and gets one if he comes in the very
// milliseconds between its release and the waking of the queue. That is left so: the turn of one job later, against a process
// more (5 to 10 ms) that each job would start to ask the queue first.

import { duration } from '../domain/duration.ts';
import { acquireFileLock, type HeldLock, tryFileLock } from '../tools/util-linux/flock.ts';

/** As long as steps of this process follow one another a place passes from one to the next, but not for ever: others wait, too. */
const LONGEST_REUSE = duration(30, 's');

interface Place {
  readonly lock: HeldLock;
  readonly since: number;
}

export class Places {
  readonly #fileOf: (name: string) => Promise<string>;
  readonly #idle = new Map<string, Set<Place>>();
  readonly #closing = new Set<Promise<void>>();

  /** `fileOf`: the lock file of a name. */
  constructor(fileOf: (name: string) => Promise<string>) {
    this.#fileOf = fileOf;
  }

  /** Waits for one of `count` places; `waiting` is called when none is free. Throws the signal's reason when that comes first. */
  async take(name: string, count: number, signal: AbortSignal, waiting: (message: string) => void): Promise<HeldLock> {
    const idle = this.#idle.get(name) ?? new Set();
    for (const known of idle) {
      idle.delete(known);
      if (!known.lock.lost.aborted) return this.#use(name, known);
    }
    const lock = await this.#find(name, count, signal, waiting);
    return this.#use(name, { lock, since: performance.now() });
  }

  /** Resolves when every place that nobody uses is given up. */
  async settled(): Promise<void> {
    for (const [name, idle] of this.#idle) for (const place of idle) this.#close(name, place);
    await Promise.all(this.#closing);
  }

  async #find(name: string, count: number, signal: AbortSignal, waiting: (message: string) => void): Promise<HeldLock> {
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const files = await Promise.all(numbers.map((number) => this.#fileOf(`${name}/place-${number}`)));
    const locks = files.map((file) => ({ file, mode: 'exclusive', subject: name }) as const);
    for (const lock of locks) {
      const free = await tryFileLock(lock, signal); // oxlint-disable-line no-await-in-loop -- mostly the first is free
      if (free) return free;
    }
    waiting(`a place in ${name.replace(/^repository\//, '')}: ${count} of ${count} in use`);
    const queue = { file: await this.#fileOf(`${name}/queue`), mode: 'exclusive', subject: name } as const;
    await using _turn = await acquireFileLock(queue, signal);
    return await firstOf(
      locks.map((lock) => (until: AbortSignal) => acquireFileLock(lock, until)),
      signal,
    );
  }

  /** Whoever comes next in this process starts before setImmediate fires, and finds the place still held. */
  #use(name: string, place: Place): HeldLock {
    const { lock, since } = place;
    return {
      lost: lock.lost,
      [Symbol.asyncDispose]: async () => {
        if (lock.lost.aborted || performance.now() - since >= LONGEST_REUSE) {
          await lock[Symbol.asyncDispose]();
          return;
        }
        const idle = this.#idle.get(name) ?? new Set();
        this.#idle.set(name, idle.add(place));
        setImmediate(() => this.#close(name, place));
      },
    };
  }

  #close(name: string, place: Place): void {
    if (!this.#idle.get(name)?.delete(place)) return; // it is in use again
    const closed = Promise.resolve(place.lock[Symbol.asyncDispose]());
    this.#closing.add(closed);
    void closed.finally(() => this.#closing.delete(closed));
  }
}

/** The first that is had; the others are given up, also one that was had in the same moment. */
async function firstOf(
  attempts: readonly ((signal: AbortSignal) => Promise<HeldLock>)[],
  signal: AbortSignal,
): Promise<HeldLock> {
  const enough = new AbortController();
  const either = AbortSignal.any([signal, enough.signal]);
  const tries = attempts.map((attempt) => attempt(either));
  try {
    const first = await Promise.any(tries);
    enough.abort(new Error('another place was free'));
    const ends = await Promise.allSettled(tries);
    const others = ends.flatMap((end) => (end.status === 'fulfilled' && end.value !== first ? [end.value] : []));
    await Promise.all(others.map((other) => other[Symbol.asyncDispose]()));
    return first;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
}
