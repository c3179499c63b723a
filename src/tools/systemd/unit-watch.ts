// Listening to one unit: what systemd says of it goes into its history, and whoever waits for something to come about there is
// told. When there is nothing more to be heard, waiting ends with the reason.

import { untilAborted } from '../../lib/abort.ts';
import type { Call, Signal } from './bus.ts';
import { jobType, loadUnit, newsOf, unitProperties } from './calls.ts';
import type { Line, Listener } from './link.ts';
import { ConnectionLost, refusalName } from './refusal.ts';
import { parseDetails, type UnitDetails } from './unit-details.ts';
import { UnitHistory } from './unit-history.ts';
import { parseState, type Properties } from './unit-state.ts';

interface Waiter {
  readonly holds: (history: UnitHistory) => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Disposing ends the listening; the unit goes on. */
export class UnitWatch implements Disposable, Listener {
  readonly #link: Line;
  /** As it was asked for, perhaps by an alias. */
  readonly #name: string;
  readonly #signal: AbortSignal;
  readonly #listening: Disposable;
  readonly #waiters = new Set<Waiter>();
  #path = '';
  #known: Properties = {};
  #history: UnitHistory | null = null;
  /** What is heard means nothing before the unit has been looked at, over each connection. */
  #deaf = true;
  /** Why there is nothing more to be heard. */
  #end: { readonly error: unknown } | null = null;

  /** The signal aborts all waiting here with its reason. */
  constructor(link: Line, name: string, signal: AbortSignal) {
    this.#link = link;
    this.#name = name;
    this.#signal = signal;
    this.#listening = link.listen(this);
  }

  /** Loads the unit. What happens to it from then on goes into the history. */
  async open(): Promise<UnitHistory> {
    this.#path = await this.#ask(loadUnit(this.#name));
    const history = await this.#look((known) => (this.#history = new UnitHistory(parseState(known))));
    await this.#recognise(history);
    return history;
  }

  /** Looks at it anew. */
  async look(): Promise<UnitDetails> {
    return await this.#look((known) => {
      this.#tell((history) => history.saw(parseState(known)));
      return parseDetails(known);
    });
  }

  /**
   * Gives an order that makes a job, whose end is then waited for. When the connection ends before the answer, `carriedOut` says
   * from what is seen over the next one whether it is to be repeated.
   */
  async order(call: Call<number>, carriedOut: (history: UnitHistory) => boolean): Promise<void> {
    const read = (answer: unknown): void => this.#tell((history) => history.await(call.read(answer)));
    try {
      await untilAborted(this.#link.order({ ...call, read }), this.#signal);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      await this.look();
      const history = this.#history;
      if (history && carriedOut(history)) history.await(history.now.job);
      else await this.order(call, carriedOut);
    }
  }

  /** Resolves when it holds, perhaps at once. */
  async until(holds: (history: UnitHistory) => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { holds, resolve, reject };
    this.#waiters.add(waiter);
    using _waiting = { [Symbol.dispose]: () => this.#waiters.delete(waiter) };
    if (this.#end) throw this.#end.error;
    this.#tell(() => {});
    await untilAborted(promise, this.#signal);
  }

  heard(signal: Signal): void {
    const history = this.#history;
    const news = history && newsOf(signal);
    if (!news) return;
    if (news.kind === 'job-ended') {
      if (news.unit === history.now.id) this.#tell(() => history.jobEnded(news.job, news.result));
    } else if (this.#deaf) {
      // it is about to be looked at
    } else if (news.kind === 'reloading') {
      history.reloads(news.active);
    } else if (news.path === this.#path) {
      this.#known = { ...this.#known, ...news.properties };
      if (news.complete) this.#tell(() => history.saw(parseState(this.#known)));
    }
  }

  resumed(): void {
    if (!this.#history) return; // it is still being opened, and what is asked for that is asked again
    this.#deaf = true;
    this.#lookAgain(this.#history).catch((error: unknown) => this.ended(error));
  }

  ended(error: unknown): void {
    this.#end ??= { error };
    for (const { reject } of this.#waiters) reject(error);
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }

  #tell(what: (history: UnitHistory) => void): void {
    const history = this.#history;
    if (!history) return;
    what(history);
    for (const { holds, resolve } of this.#waiters) if (holds(history)) resolve();
  }

  async #look<Seen>(see: (known: Properties) => Seen): Promise<Seen> {
    const call = unitProperties(this.#name, this.#path);
    return await this.#ask({
      ...call,
      read: (answer) => {
        this.#known = call.read(answer);
        this.#deaf = false;
        return see(this.#known);
      },
    });
  }

  async #lookAgain(history: UnitHistory): Promise<void> {
    await this.#look((known) => this.#tell(() => history.sawAgain(parseState(known))));
    await this.#recognise(history);
  }

  /** What the job is for that is there when the listening begins. Of later ones it shows. */
  async #recognise(history: UnitHistory): Promise<void> {
    const { job } = history.now;
    if (job === 0) return;
    try {
      if ((await this.#ask(jobType(job))) !== 'stop') history.isNoStop(job);
    } catch (error) {
      if (refusalName(error) === null) throw error; // it has ended meanwhile
    }
  }

  async #ask<Answer>(call: Call<Answer>): Promise<Answer> {
    return await untilAborted(this.#link.ask(call), this.#signal);
  }
}
