// Which snapshots the jobs of one run have at the moment: a job that comes meanwhile, and needs nothing else, uses them too. Who
// uses them is counted by the provider, in what survives a crash; here is only known which may still be joined.

import type { Instant } from '../../domain/instant.ts';
import type { StepContext } from '../../domain/plan.ts';
import { TEMPORARY_PREFIX } from '../../domain/zfs-snapshot.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { SNAPSHOT } from './effect.ts';
import type { Origin, SnapshotProvider, SnapshotRecord } from './provider.ts';

export interface Order {
  readonly provider: SnapshotProvider;
  /** Of one group. */
  readonly origins: readonly Origin[];
  /** The job. */
  readonly user: string;
  /** What was frozen before now will not do: a hook has just made some of the data. */
  readonly fresh: boolean;
}

export interface HeldSnapshot extends AsyncDisposable {
  readonly record: SnapshotRecord;
  /** Not later than the data that is in it. */
  readonly at: Instant;
}

interface Entry {
  readonly record: SnapshotRecord;
  readonly at: Instant;
  readonly taken: Promise<unknown>;
  users: number;
}

export class SnapshotDesk {
  readonly #entries = new Set<Entry>();
  #made = 0;

  /** Throws as the provider, and leaves nothing behind then. */
  async hold(order: Order, context: StepContext): Promise<HeldSnapshot> {
    const shared = order.fresh ? undefined : [...this.#entries].find((entry) => serves(entry, order));
    return (shared && (await this.#join(shared, order, context))) ?? (await this.#take(order, context));
  }

  async #take({ provider, origins, user }: Order, context: StepContext): Promise<HeldSnapshot> {
    this.#made += 1;
    const name = `${TEMPORARY_PREFIX}${context.runId}-${this.#made}`;
    const record: SnapshotRecord = {
      provider: provider.kind,
      run: context.runId,
      name,
      user: userOf(user, context),
      origins: [...origins],
    };
    const at = context.now();
    const taken = Promise.withResolvers<void>();
    taken.promise.catch(() => {}); // those who wait for it are told; there may be none
    const entry: Entry = { record, at, taken: taken.promise, users: 1 };
    if (provider.shared) this.#entries.add(entry);
    try {
      const effect = await context.hold(
        SNAPSHOT.kind,
        { ...record },
        async () => await provider.take(record, context.signal),
      );
      taken.resolve();
      return this.#held(entry, record, effect);
    } catch (error) {
      this.#entries.delete(entry);
      taken.reject(error);
      throw error;
    }
  }

  /** Null when it is gone, or could not be made: then the job makes its own, and is told itself why not. */
  async #join(entry: Entry, { provider, user }: Order, context: StepContext): Promise<HeldSnapshot | null> {
    entry.users += 1;
    try {
      await entry.taken;
      context.signal.throwIfAborted();
      const record = { ...entry.record, user: userOf(user, context) };
      const effect = await context.hold(SNAPSHOT.kind, { ...record }, () => provider.join(record, context.signal));
      return this.#held(entry, record, effect);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof HoldfastError)) throw error;
      this.#left(entry);
      return null;
    }
  }

  #held(entry: Entry, record: SnapshotRecord, effect: AsyncDisposable): HeldSnapshot {
    const { at } = entry;
    return {
      record,
      at,
      [Symbol.asyncDispose]: () => {
        this.#left(entry);
        return effect[Symbol.asyncDispose]();
      },
    };
  }

  #left(entry: Entry): void {
    entry.users -= 1;
    if (entry.users === 0) this.#entries.delete(entry);
  }
}

const userOf = (user: string, { runId }: StepContext): string => `${runId}:${encodeURIComponent(user)}`;

const serves = ({ record }: Entry, { provider, origins }: Order): boolean =>
  record.provider === provider.kind && origins.every(({ name }) => record.origins.some((origin) => origin.name === name));
