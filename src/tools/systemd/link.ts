// The link to systemd that stays: when the connection ends (systemd starts itself anew after an upgrade) it is made again, and
// whoever listens is told that something may have been missed. Knows no unit.

import { setTimeout as delay } from 'node:timers/promises';
import { duration, type Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { limitTime } from '../../lib/time-limit.ts';
import type { Bus, Call, Signal } from './bus.ts';
import { openBus, type Sockets } from './open-bus.ts';
import { ConnectionLost } from './refusal.ts';

export interface Listener {
  heard(signal: Signal): void;
  /** The connection is a new one: what happened before was perhaps not heard. */
  resumed(): void;
  /** There is no connection, and there will be none. */
  ended(error: unknown): void;
}

/** systemd is back after some hundred milliseconds; it takes longer where there are thousands of units. */
const PATIENCE = duration(1, 'm');
const PAUSE = duration(50, 'ms');

/** What somebody who watches needs of it. */
export type Line = Pick<Link, 'ask' | 'order' | 'listen'>;

export class Link implements AsyncDisposable {
  /** Rejects when there will be no connection any more. */
  #bus: Promise<Bus>;
  readonly #sockets: Sockets;
  readonly #patience: Duration;
  readonly #listeners = new Set<Listener>();
  readonly #closed = new AbortController();

  /** Throws what `openBus` throws. `patience`: for how long systemd may be away. */
  static async open(sockets: Sockets, signal: AbortSignal, patience = PATIENCE): Promise<Link> {
    const bus = await openBus(sockets, signal);
    bus.lost.throwIfAborted();
    return new Link(sockets, bus, patience);
  }

  private constructor(sockets: Sockets, bus: Bus, patience: Duration) {
    this.#sockets = sockets;
    this.#patience = patience;
    this.#bus = Promise.resolve(this.#follow(bus));
  }

  /** Until it is disposed of. */
  listen(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** For orders, which are not repeated: throws `ConnectionLost` when nobody knows whether it was carried out. */
  async order<Answer>(call: Call<Answer>): Promise<Answer> {
    return await (await this.#bus).call(call);
  }

  /** For questions, which may be asked again. */
  async ask<Answer>(call: Call<Answer>): Promise<Answer> {
    const bus = await this.#bus;
    try {
      return await bus.call(call);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      return await this.ask(call);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new ConnectionLost(new Error('it was closed'));
    this.#closed.abort(closed);
    const last = this.#bus;
    this.#bus = Promise.reject(closed);
    this.#bus.catch(() => {}); // it is for those who still ask
    this.#end(closed);
    const bus = await last.catch(() => null); // when there is none nothing is left to be closed
    await bus?.[Symbol.asyncDispose]();
  }

  /** It is not lost yet. */
  #follow(bus: Bus): Bus {
    bus.listener = (signal) => {
      this.#tell((listener) => listener.heard(signal));
    };
    bus.lost.addEventListener('abort', () => this.#replace(bus.lost.reason), { once: true });
    return bus;
  }

  #replace(reason: unknown): void {
    if (this.#closed.signal.aborted) return;
    this.#bus = this.#reopen(reason);
    this.#bus.then(
      () => this.#tell((listener) => listener.resumed()),
      (error: unknown) => this.#end(error),
    );
  }

  async #reopen(reason: unknown): Promise<Bus> {
    using limit = limitTime(this.#patience, () => notBack(reason));
    const signal = AbortSignal.any([this.#closed.signal, limit.signal]);
    for (;;) {
      /* oxlint-disable no-await-in-loop -- one attempt after the other is the point */
      try {
        const bus = await openBus(this.#sockets, signal);
        if (!bus.lost.aborted) return this.#follow(bus);
      } catch {
        signal.throwIfAborted(); // any other error may be gone in a moment: its socket is missing while systemd starts
      }
      await delay(PAUSE, null, { signal }).catch(() => signal.throwIfAborted());
      /* oxlint-enable no-await-in-loop */
    }
  }

  #end(error: unknown): void {
    this.#tell((listener) => listener.ended(error));
  }

  #tell(tell: (listener: Listener) => void): void {
    for (const listener of this.#listeners) tell(listener);
  }
}

const notBack = (cause: unknown): HoldfastError =>
  new HoldfastError({
    code: 'tool-failed',
    operation: 'listen to',
    subject: 'systemd',
    message: 'the connection is lost, and systemd cannot be reached any more',
    hint: 'See what it is doing: systemctl is-system-running. Units that were running go on without Holdfast.',
    retry: 'later',
    cause,
  });
