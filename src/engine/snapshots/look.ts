// Looking into repositories: what they hold, and which of them holds a snapshot that somebody names. Each is opened once for
// a listing; one that does not answer never hides what the others say.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { jobTag } from '../../domain/naming.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { LockBroker } from '../../repositories/broker.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';
import { chooseSnapshot, snapshotById } from './choose-snapshot.ts';
import { type Asking, listSnapshots, recordedCompleteness } from './observe-snapshots.ts';

export interface Holding {
  readonly repository: RepositoryConfig;
  readonly snapshots: readonly Snapshot[];
  /** Why nothing is known about it. */
  readonly error: HoldfastError | null;
}

/** What each repository holds, all hosts and services, in the order given. */
export const holdings = (repositories: readonly RepositoryConfig[], asking: Asking): Promise<Holding[]> =>
  Promise.all(repositories.map((repository) => holdingOf(repository, asking)));

async function holdingOf(repository: RepositoryConfig, asking: Asking): Promise<Holding> {
  try {
    return { repository, snapshots: await listSnapshots(repository, asking), error: null };
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'interrupted') throw error;
    return { repository, snapshots: [], error };
  }
}

export interface Located {
  readonly repository: RepositoryConfig;
  readonly snapshots: readonly Snapshot[];
}

/**
 * The first repository that holds all that is named: an id, its beginning, or a service's name for its newest complete
 * snapshot on `host`. Throws `snapshot-missing`, or the first repository's error when none could be asked.
 */
export async function locate(
  names: readonly string[],
  repositories: readonly RepositoryConfig[],
  host: string | null,
  asking: Asking,
): Promise<Located> {
  const silent: HoldfastError[] = [];
  const partly: string[] = [];
  for (const repository of repositories) {
    // oxlint-disable-next-line no-await-in-loop -- the next one is asked only when this one does not hold it
    const { snapshots, error } = await holdingOf(repository, asking);
    if (error) silent.push(error);
    else {
      const found = names.map((name) => named(name, snapshots, repository, host, asking));
      const there = found.filter((snapshot) => snapshot !== null);
      if (there.length === names.length) return { repository, snapshots: there };
      if (there.length > 0) partly.push(repository.name);
    }
  }
  const [first] = silent;
  if (first && silent.length === repositories.length) throw first;
  throw new HoldfastError({
    code: 'snapshot-missing',
    operation: 'find',
    subject: names.join(' and '),
    message:
      partly.length > 0
        ? `no repository holds both ${names.join(' and ')}`
        : `no repository that answered holds a snapshot ${names.join(' and ')}`,
    hint: [
      ...silent.map(({ subject, message }) => `${subject} did not answer (${message}).`),
      '`holdfast snapshots --all` lists what is there.',
    ].join(' '),
  });
}

function named(
  name: string,
  snapshots: readonly Snapshot[],
  repository: RepositoryConfig,
  host: string | null,
  asking: Asking,
): Snapshot | null {
  const byId = /^[0-9a-f]{4,64}$/i.test(name) ? snapshotById(snapshots, name, repository.name) : null;
  if (byId || !snapshots.some(({ tags }) => tags.includes(jobTag(name)))) return byId;
  const complete = recordedCompleteness(asking.toolbox, name, repository.name);
  const own = snapshots.some((each) => each.tags.includes(jobTag(name)) && (host === null || each.host === host));
  return own
    ? chooseSnapshot(snapshots, { service: name, host }, { repository: repository.name, complete, now: asking.now }).snapshot
    : null;
}

/** For those that only look: where no lock can be had because nothing can be written, restic's own lock must do. */
export const lenientBroker = (broker: LockBroker): LockBroker => ({
  async acquire(locks, signal, waiting) {
    try {
      return await broker.acquire(locks, signal, waiting);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError)) throw error;
      return { [Symbol.asyncDispose]: () => Promise.resolve() };
    }
  },
});
