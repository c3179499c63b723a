// Which sets of dumps the jobs of one run have at the moment: a job that comes meanwhile takes the same, by hard links in a spool of its
// own, so that each cleans up for itself and no server is dumped once for each repository.

import { link, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../../domain/instant.ts';
import type { StepContext } from '../../domain/plan.ts';
import { untilAborted } from '../../lib/abort.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { SPOOL } from '../sqlite.ts';
import { type MadeSet, makeSet, type SetOrder } from './make-set.ts';

export interface DumpOrder extends SetOrder {
  readonly service: string;
  /** The spool of this job, which does not exist. */
  readonly directory: string;
  /** What was dumped before now will not do: a hook has just changed some of the data. */
  readonly fresh: boolean;
}

export interface HeldSet extends MadeSet, AsyncDisposable {
  /** Not later than the data that is in it. */
  readonly at: Instant;
}

interface Entry {
  readonly at: Instant;
  readonly directory: string;
  readonly made: Promise<MadeSet>;
}

export class DumpDesk {
  readonly #entries = new Map<string, Entry>();

  /** Throws as `makeSet`, and leaves nothing behind then. */
  async hold(order: DumpOrder, context: StepContext): Promise<HeldSet> {
    const shared = order.fresh ? undefined : this.#entries.get(order.service);
    return (shared && (await this.#join(shared, order, context))) ?? (await this.#make(order, context));
  }

  async #make(order: DumpOrder, context: StepContext): Promise<HeldSet> {
    const { service, directory } = order;
    const made = Promise.withResolvers<MadeSet>();
    made.promise.catch(() => {}); // those who wait for it are told; there may be none
    const entry: Entry = { at: context.now(), directory, made: made.promise };
    this.#entries.set(service, entry);
    await using held = new AsyncDisposableStack();
    held.defer(() => {
      if (this.#entries.get(service) === entry) this.#entries.delete(service);
      return Promise.resolve();
    });
    try {
      held.use(await context.hold(SPOOL.kind, { directory }, async () => void (await mkdir(directory, SPOOL_MODE))));
      const set = await makeSet(order, directory, context);
      made.resolve(set);
      return heldSet(set, entry.at, held.move());
    } catch (error) {
      made.reject(error);
      throw error;
    }
  }

  /** Null where it is gone, or could not be made: then the job makes its own, and is told itself why not. */
  async #join(
    { made, at, directory: from }: Entry,
    { directory }: DumpOrder,
    context: StepContext,
  ): Promise<HeldSet | null> {
    try {
      const set = await untilAborted(made, context.signal);
      await using held = new AsyncDisposableStack();
      held.use(await context.hold(SPOOL.kind, { directory }, () => linkAll(from, directory)));
      return heldSet(set, at, held.move());
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof HoldfastError) && errnoOf(error) !== 'ENOENT') throw error;
      return null;
    }
  }
}

const SPOOL_MODE = { recursive: true, mode: 0o700 } as const;

async function linkAll(from: string, to: string): Promise<void> {
  await mkdir(to, SPOOL_MODE);
  for (const name of await readdir(from)) await link(join(from, name), join(to, name)); // oxlint-disable-line no-await-in-loop -- a handful
}

const heldSet = (set: MadeSet, at: Instant, held: AsyncDisposableStack): HeldSet => ({
  ...set,
  at,
  [Symbol.asyncDispose]: () => held.disposeAsync(),
});
