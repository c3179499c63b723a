// Starting many units that start at once, such as timers: all are ordered before the first is waited for, and nothing is asked of
// any.

import { HoldfastError } from '../../lib/errors.ts';
import { enqueue, newsOf } from './calls.ts';
import type { Line, Listener } from './link.ts';
import { ConnectionLost } from './refusal.ts';
import { couldNotStart, startUnit } from './start-unit.ts';

/** See `Manager.startAll`. */
export async function startUnits(
  line: Pick<Line, 'ask' | 'order' | 'listen'>,
  names: readonly string[],
): Promise<(HoldfastError | null)[]> {
  try {
    using jobs = new Jobs(line);
    return await Promise.all(names.map((name) => jobs.start(name)));
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
    return await Promise.all(names.map((name) => startUnit(line, name).then(() => null, known))); // once more does no harm
  }
}

/** The ends of all jobs, from the moment when it was made. */
class Jobs implements Listener {
  readonly #line: Pick<Line, 'order' | 'listen'>;
  readonly #listening: Disposable;
  readonly #ended = new Map<number, string>();
  readonly #waiting = new Map<number, (result: string) => void>();
  readonly #lost = Promise.withResolvers<never>();

  constructor(line: Pick<Line, 'order' | 'listen'>) {
    this.#line = line;
    this.#lost.promise.catch(() => {}); // it is for those who wait
    this.#listening = line.listen(this);
  }

  /** Null when it has started. Throws `ConnectionLost` when nobody knows. */
  async start(name: string): Promise<HoldfastError | null> {
    try {
      const job = await this.#line.order(enqueue('start', name));
      const result = this.#ended.get(job) ?? (await Promise.race([this.#end(job), this.#lost.promise]));
      return result === 'done' || result === 'skipped' ? null : couldNotStart(name, result);
    } catch (error) {
      return known(error);
    }
  }

  heard(signal: Parameters<Listener['heard']>[0]): void {
    const news = newsOf(signal);
    if (news?.kind !== 'job-ended') return;
    this.#ended.set(news.job, news.result);
    this.#waiting.get(news.job)?.(news.result);
  }

  resumed(): void {
    this.#lost.reject(new ConnectionLost());
  }

  ended(error: unknown): void {
    this.#lost.reject(error);
  }

  #end(job: number): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#waiting.set(job, resolve);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]();
  }
}

/** What is wrong with one unit, and no reason to give up the others. */
function known(error: unknown): HoldfastError {
  if (error instanceof HoldfastError && !(error instanceof ConnectionLost)) return error;
  throw error;
}
