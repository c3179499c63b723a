// The SHA-256 of files, one after the other: the next piece is read while this one is hashed. Two buffers, however large the
// files are.

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Rate } from '../../domain/rate.ts';
import { untilAborted } from '../../lib/abort.ts';

const PIECE = 1024 * 1024; // bytes

export class Hasher {
  readonly #buffers = [Buffer.allocUnsafeSlow(PIECE), Buffer.allocUnsafeSlow(PIECE)] as const;
  readonly #signal: AbortSignal;
  readonly #onBytes: (count: number) => void;
  readonly #pace: Pace | null;

  constructor(signal: AbortSignal, onBytes: (count: number) => void, rate: Rate | null) {
    this.#signal = signal;
    this.#onBytes = onBytes;
    this.#pace = rate === null ? null : new Pace(rate);
  }

  /** In hexadecimal digits. Throws the system's error, or the signal's reason at once, also when the file never answers. */
  async hash(path: string): Promise<string> {
    const opened = open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe in a file's place must not be waited for
    const handle = await untilAborted(opened, this.#signal).catch((error: unknown) => {
      void opened.then((late) => late.close()).catch(() => {}); // it comes too late, or not at all
      throw error;
    });
    using _closed = { [Symbol.dispose]: () => void handle.close().catch(() => {}) }; // waiting would be for a read that hangs
    const hash = createHash('sha256');
    let [current, next] = this.#buffers;
    let reading = handle.read(current, 0, PIECE, null);
    for (;;) {
      const { bytesRead } = await untilAborted(reading, this.#signal); // oxlint-disable-line no-await-in-loop -- in order
      if (bytesRead === 0) return hash.digest('hex');
      reading = handle.read(next, 0, PIECE, null);
      reading.catch(() => {}); // told when it is awaited
      hash.update(current.subarray(0, bytesRead));
      [current, next] = [next, current];
      this.#onBytes(bytesRead);
      if (this.#pace) await this.#pace.keep(bytesRead, this.#signal); // oxlint-disable-line no-await-in-loop -- that is the point
    }
  }
}

/** No faster than the rate, over any stretch of a second or more. */
class Pace {
  readonly #rate: Rate;
  #due = 0; // milliseconds, as `performance.now` counts

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  async keep(bytes: number, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    this.#due = Math.max(this.#due, now) + (bytes / this.#rate) * 1000;
    const early = this.#due - now;
    if (early < 20) return; // timers are no finer
    await wait(early, undefined, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw error;
    });
  }
}
