// The answers to `backup-status`, ready to be sent: made again when the journal was written to, and when their ages have become
// old. No repository is ever asked.

import type { Configuration } from '../config/configuration.ts';
import { duration } from '../domain/duration.ts';
import type { Instant } from '../domain/instant.ts';
import { selectService } from '../engine/select.ts';
import { statusOf } from '../engine/status/status.ts';
import type { Journal } from '../journal/journal.ts';
import type { Clock } from '../lib/clock.ts';

export interface StatusSource {
  readonly configuration: () => Configuration;
  readonly journal: { now(): Journal; stamp(): string };
  readonly clock: Clock;
}

interface Answer {
  readonly text: string;
  readonly at: Instant;
  /** Milliseconds that it took to make. */
  readonly cost: number;
}

/** Where nothing was written only ages change, and those are told to the second. */
const FRESH = duration(1, 's');
/** On a host with thousands of services making it again may take this part of the time at most. */
const SHARE = 1 / 20;

/** Answers about some services, beside the one about all. */
const MOST = 2000;

export class StatusAnswer {
  readonly #source: StatusSource;
  readonly #answers = new Map<string, Answer>();
  #configuration: Configuration | null = null;
  #stamp = '';

  constructor(source: StatusSource) {
    this.#source = source;
  }

  /** JSON of the status of these services, of all without any. Throws `usage` for one that there is not, `journal-unusable`. */
  text(names: readonly string[]): string {
    const { journal, clock } = this.#source;
    const configuration = this.#source.configuration();
    const stamp = journal.stamp();
    if (stamp !== this.#stamp || configuration !== this.#configuration || this.#answers.size > MOST) this.#answers.clear();
    [this.#stamp, this.#configuration] = [stamp, configuration];
    const now = clock.now();
    const key = names.join('/');
    const known = this.#answers.get(key);
    if (known && now >= known.at && now - known.at < Math.max(FRESH, known.cost / SHARE)) return known.text;
    const services =
      names.length === 0 ? [...configuration.services.values()] : names.map((name) => selectService(configuration, name));
    const begin = performance.now();
    const text = JSON.stringify(statusOf({ config: configuration, services, journal: journal.now(), now }));
    this.#answers.set(key, { text, at: now, cost: performance.now() - begin });
    return text;
  }
}
