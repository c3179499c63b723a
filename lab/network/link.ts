// One direction of the link between two nodes: which frames get lost and when the others arrive. It knows no sockets and
// reads no clock: the time in milliseconds is an argument, and never goes backwards.

import { duration, type Duration } from '../../src/domain/duration.ts';
import type { Bytes } from '../../src/domain/bytes.ts';

export interface Conditions {
  /** Every frame is lost. */
  readonly cut: boolean;
  /** Between the moment when a frame has left and its arrival. */
  readonly delay: Duration;
  /** How much leaves in a second; null: everything at once. */
  readonly bytesPerSecond: Bytes | null;
}

export const PERFECT: Conditions = { cut: false, delay: duration(0, 'ms'), bytesPerSecond: null };

/** What may wait for its turn on a limited link: this much, and a tenth of what leaves in a second if that is more. */
export const SMALLEST_QUEUE = (128 * 1024) as Bytes; // literal bytes

interface OnItsWay {
  readonly frame: Buffer;
  readonly arrival: number;
}

export class Link {
  #conditions = PERFECT;
  #onTheirWay: OnItsWay[] = [];
  /** When the last frame taken will have left. */
  #busyUntil = -Infinity;

  get conditions(): Conditions {
    return this.#conditions;
  }

  /** When the next frame arrives; null when none is on its way. */
  get nextArrival(): number | null {
    return this.#onTheirWay[0]?.arrival ?? null;
  }

  /** Takes a frame from the sender: it is on its way, behind all earlier ones, or lost. */
  send(frame: Buffer, now: number): void {
    const { cut, delay, bytesPerSecond } = this.#conditions;
    if (cut) return;
    const begins = Math.max(now, this.#busyUntil);
    if (bytesPerSecond === null) this.#busyUntil = begins;
    else {
      const waiting = ((begins - now) * bytesPerSecond) / 1000;
      if (waiting + frame.length > Math.max(SMALLEST_QUEUE, bytesPerSecond / 10)) return;
      this.#busyUntil = begins + (frame.length * 1000) / bytesPerSecond;
    }
    this.#onTheirWay.push({ frame, arrival: this.#busyUntil + delay });
  }

  /** The frames that have arrived by now and were not yet handed out, in the order in which they were sent. */
  arrived(now: number): Buffer[] {
    const firstAway = this.#onTheirWay.findIndex(({ arrival }) => arrival > now);
    const count = firstAway === -1 ? this.#onTheirWay.length : firstAway;
    return this.#onTheirWay.splice(0, count).map(({ frame }) => frame);
  }

  /**
   * Also for the frames that are on their way: they are sent anew, in their order. So a cut loses them, nothing overtakes
   * when a delay gets shorter, and nothing waits for a limit that is no more.
   */
  change(conditions: Partial<Conditions>, now: number): void {
    this.#conditions = { ...this.#conditions, ...conditions };
    const again = this.#onTheirWay;
    this.#onTheirWay = [];
    this.#busyUntil = -Infinity;
    for (const { frame } of again) this.send(frame, now);
  }
}
