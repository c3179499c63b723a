// Standard output of a command as one text; a single line of it may be very long.

import type { Bytes } from '../domain/bytes.ts';

export const MAX_COLLECTED = (256 * 1024 * 1024) as Bytes; // literal bytes

export class Collector {
  readonly #chunks: Buffer[] = [];
  readonly #onOverflow: () => void;
  #size = 0;

  constructor(onOverflow: () => void) {
    this.#onOverflow = onOverflow;
  }

  write(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size <= MAX_COLLECTED) this.#chunks.push(chunk);
    else this.#onOverflow(); // half of an answer must not be taken for the whole
  }

  end(): void {}

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
