// A link in real time: it hands over each frame when its time has come, and never before.

import { type Conditions, Link } from './link.ts';

/** setTimeout fires at once for anything longer (24.8 days). */
const LONGEST_TIMER = 2_147_483_647;

export class Cable implements Disposable {
  readonly #link = new Link();
  readonly #deliver: (frame: Buffer) => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(deliver: (frame: Buffer) => void) {
    this.#deliver = deliver;
  }

  carry(frame: Buffer): void {
    this.#link.send(frame, performance.now());
    if (!this.#timer) this.#handOver();
  }

  change(conditions: Partial<Conditions>): void {
    this.#link.change(conditions, performance.now());
    this.#handOver();
  }

  #handOver(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const now = performance.now();
    for (const frame of this.#link.arrived(now)) this.#deliver(frame);
    const next = this.#link.nextArrival;
    if (next === null) return;
    this.#timer = setTimeout(() => this.#handOver(), Math.min(Math.ceil(next - now), LONGEST_TIMER)); // early: it looks again
  }

  /** Frames on their way are lost, and all that follow. */
  [Symbol.dispose](): void {
    this.change({ cut: true });
  }
}
