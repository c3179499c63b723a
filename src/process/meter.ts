// Counts what goes through, and holds it back to a rate.

import { Transform, type TransformCallback } from 'node:stream';
import type { Bytes } from '../domain/bytes.ts';
import type { Rate } from '../domain/rate.ts';

export interface MeterOptions {
  /** May be shared: then it holds for all of them together. */
  readonly pace?: Pace | null | undefined;
  /** After each piece; with the sum so far. */
  readonly onBytes?: ((sum: Bytes) => void) | undefined;
}

/** How far it may get ahead of its rate, so that many small pieces do not each wait (milliseconds). */
const AHEAD = 50;

/** When what went through is due, at a rate. */
export class Pace {
  readonly #limit: Rate;
  #due: number | null = null;

  constructor(limit: Rate) {
    this.#limit = limit;
  }

  /** Milliseconds that these come too early. */
  aheadBy(bytes: number): number {
    const now = performance.now();
    this.#due = Math.max(this.#due ?? now, now) + (bytes / this.#limit) * 1000;
    return this.#due - now;
  }
}

export class Meter extends Transform {
  readonly #pace: Pace | null;
  readonly #onBytes: ((sum: Bytes) => void) | undefined;
  #sum = 0;
  #wait: NodeJS.Timeout | undefined;

  constructor({ pace = null, onBytes }: MeterOptions) {
    super({ highWaterMark: 1024 * 1024 });
    this.#pace = pace;
    this.#onBytes = onBytes;
  }

  get bytes(): Bytes {
    return this.#sum as Bytes; // a count of them
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#sum += chunk.length;
    this.#onBytes?.(this.bytes);
    const early = this.#pace?.aheadBy(chunk.length) ?? 0;
    if (early < AHEAD) return done(null, chunk);
    this.#wait = setTimeout(() => done(null, chunk), early);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#wait);
    done(error);
  }
}
