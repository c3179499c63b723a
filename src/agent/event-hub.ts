// What happens in the runs of this host, for everybody who listens: a bounded ring of the last events, numbered, so that whoever
// was away for a moment goes on where it was. Each run begins once and ends once, however many tell of it.

import type { RunEvent } from '../domain/run-event.ts';

export interface HubLimits {
  readonly events: number;
  /** Characters. */
  readonly size: number;
}

const LIMITS: HubLimits = { events: 1000, size: 1024 * 1024 };
/** Ended runs that are remembered, so that a late word of their end is not told again. */
const REMEMBERED = 500;

export interface Numbered {
  readonly id: string;
  readonly runId: string;
  /** As it goes over the wire: one event of a server-sent stream. */
  readonly frame: string;
}

/** What a listener missed. */
export interface Missed {
  readonly events: readonly Numbered[];
  /** There was more, which nobody knows any more. */
  readonly gap: boolean;
}

export class EventHub {
  readonly #life: string;
  readonly #limits: HubLimits;
  readonly #ring: Numbered[] = [];
  readonly #listeners = new Set<(event: Numbered) => void>();
  readonly #open = new Set<string>();
  readonly #ended = new Set<string>();
  #size = 0;
  #count = 0;

  /** `life` tells the numbers of this agent from those of the one before. */
  constructor(life: string, limits: HubLimits = LIMITS) {
    this.#life = life;
    this.#limits = limits;
  }

  publish(event: RunEvent): void {
    if (!this.#isNews(event)) return;
    this.#count += 1;
    const id = `${this.#life}-${this.#count}`;
    const numbered = {
      id,
      runId: event.runId,
      frame: `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
    };
    this.#ring.push(numbered);
    this.#size += numbered.frame.length;
    while (this.#ring.length > this.#limits.events || this.#size > this.#limits.size) {
      this.#size -= this.#ring.shift()?.frame.length ?? 0;
    }
    for (const listener of this.#listeners) listener(numbered);
  }

  /** Whether it was said that this run began, and not yet that it ended. */
  isOpen(runId: string): boolean {
    return this.#open.has(runId);
  }

  /** Runs that were said to have begun and not to have ended. */
  open(): readonly string[] {
    return [...this.#open];
  }

  hasEnded(runId: string): boolean {
    return this.#ended.has(runId);
  }

  get lastId(): string | null {
    return this.#count === 0 ? null : `${this.#life}-${this.#count}`;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Everything after the event of that id. */
  since(lastId: string): Missed {
    const [, life, number] = /^([0-9a-z]+)-(\d{1,15})$/.exec(lastId) ?? [];
    const last = Number(number);
    if (life !== this.#life || last > this.#count) return { events: [...this.#ring], gap: true };
    const missed = this.#count - last;
    return { events: missed === 0 ? [] : this.#ring.slice(-missed), gap: missed > this.#ring.length };
  }

  listen(listener: (event: Numbered) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  #isNews({ type, runId }: RunEvent): boolean {
    if (type === 'run-started') {
      if (this.#open.has(runId) || this.#ended.has(runId)) return false;
      this.#open.add(runId);
    } else if (type === 'run-ended') {
      if (this.#ended.has(runId)) return false;
      this.#open.delete(runId);
      this.#ended.add(runId);
      const [oldest] = this.#ended;
      if (this.#ended.size > REMEMBERED && oldest !== undefined) this.#ended.delete(oldest);
    }
    return true;
  }
}
