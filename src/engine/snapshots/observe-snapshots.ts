// Asks repositories for a snapshot, one after the other: the next one only when this one could not be asked. A repository
// that answers that it holds nothing has answered: that is told, never papered over with an older copy from elsewhere.

import type { RepositoryConfig } from '../../config/configuration.ts';
import { describeDuration, type Duration } from '../../domain/duration.ts';
import { repositoryLock } from '../../domain/naming.ts';
import type { ErrorCode } from '../../lib/errors.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Instant } from '../../domain/instant.ts';
import { limitTime } from '../../lib/time-limit.ts';
import type { LockBroker } from '../../repositories/broker.ts';
import { checkMount, checkPassword } from '../../repositories/preflight.ts';
import { resticSnapshots, type Snapshot } from '../../tools/restic/snapshots.ts';
import { chooseSnapshot, type Choice, type SnapshotWish } from './choose-snapshot.ts';
import { knownCompleteness } from '../status/believed-copy.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';

export interface Observed extends Choice {
  readonly repository: RepositoryConfig;
}

/** What is no answer about the data of a repository; everything else ends the search. */
const NO_ANSWER: ReadonlySet<ErrorCode> = new Set([
  'repository-unreachable',
  'repository-missing',
  'repository-damaged',
  'repository-locked',
  'not-mounted',
  'timed-out',
  'wrong-password',
  'secret-unreadable',
  'permission-denied',
  'busy',
  'tool-failed',
  'tool-output',
]);

export interface Asking {
  readonly toolbox: Toolbox;
  readonly broker: LockBroker;
  readonly now: Instant;
  /** How long something else may keep a repository from being asked; then the next one is. */
  readonly lockWait: Duration;
  readonly signal: AbortSignal;
}

/** The choice from the first of `candidates` that answers. Throws its error, or the first one's when none answers. */
export async function observeSnapshot(
  candidates: readonly RepositoryConfig[],
  wish: SnapshotWish,
  asking: Asking,
): Promise<Observed> {
  const failures: HoldfastError[] = [];
  for (const repository of candidates) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- the next one is asked only when this one did not answer
      const snapshots = await listSnapshots(repository, asking);
      const choice = chooseSnapshot(snapshots, wish, {
        repository: repository.name,
        complete: recordedCompleteness(asking.toolbox, wish.service, repository.name),
        now: asking.now,
      });
      const remarks = [...failures.map((failure) => passedOver(failure, repository.name)), ...choice.remarks];
      return { ...choice, remarks, repository };
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      if (!NO_ANSWER.has(error.code)) throw withOthers(error, repository, candidates, failures);
      failures.push(error);
    }
  }
  const [first, ...others] = failures;
  if (!first)
    throw new HoldfastError({
      code: 'bug',
      operation: 'restore',
      subject: wish.service ?? '',
      message: 'no repository to ask',
    });
  if (others.length === 0) throw first;
  throw new HoldfastError({
    code: first.code,
    operation: first.operation,
    subject: first.subject,
    message: `${first.message} (and no other repository answered: ${others.map((each) => `${each.subject}: ${each.message}`).join('; ')})`,
    hint: first.hint,
    retry: first.retry,
    tool: first.tool,
    cause: first,
  });
}

/** Everything in a repository, under its shared lock, opened once. */
export async function listSnapshots(repository: RepositoryConfig, asking: Asking): Promise<Snapshot[]> {
  const { toolbox, signal } = asking;
  await checkPassword(repository, signal);
  await checkMount(repository);
  await using _lock = await sharedLock(repository, asking);
  return await resticSnapshots(await accessTo(toolbox, repository, signal), {}, { signal });
}

/** Throws `busy` when others keep it exclusively for longer than may be waited. */
export async function sharedLock(
  { name }: RepositoryConfig,
  { broker, lockWait, signal }: Pick<Asking, 'broker' | 'lockWait' | 'signal'>,
): Promise<AsyncDisposable> {
  const busy = (): HoldfastError =>
    new HoldfastError({
      code: 'busy',
      operation: 'use',
      subject: name,
      message: `still in use after ${describeDuration(lockWait)}`,
      hint: 'Try again when that has ended, or allow a longer wait with --wait.',
      retry: 'later',
    });
  using limit = limitTime(lockWait, busy);
  return await broker.acquire([{ name: repositoryLock(name), mode: 'shared' }], AbortSignal.any([signal, limit.signal]));
}

/** The one that is asked first comes first: the given one alone, otherwise the primary one and then the others. */
export const inOrderOfAsking = (repositories: readonly RepositoryConfig[]): RepositoryConfig[] => [
  ...repositories.filter(({ primary }) => primary),
  ...repositories.filter(({ primary }) => !primary),
];

/** By snapshot id, whether it is complete; those that no record tells of are not in it. */
export function recordedCompleteness(
  { journal }: Toolbox,
  service: string | null,
  repository: string,
): ReadonlyMap<string, boolean> {
  return service === null ? new Map() : knownCompleteness(journal, { service, repository });
}

export const knownPartial = (toolbox: Toolbox, service: string | null, repository: string): ReadonlySet<string> =>
  new Set([...recordedCompleteness(toolbox, service, repository)].flatMap(([id, complete]) => (complete ? [] : [id])));

const passedOver = (failure: HoldfastError, instead: string): string =>
  `${failure.subject} could not be asked (${failure.message}): ${instead} is used instead, which may hold an older state`;

/** "It answered, and there is nothing" is final; where else to look is said. */
function withOthers(
  error: HoldfastError,
  repository: RepositoryConfig,
  candidates: readonly RepositoryConfig[],
  failures: readonly HoldfastError[],
): HoldfastError {
  if (error.code !== 'snapshot-missing') return error;
  const others = candidates
    .map(({ name }) => name)
    .filter((name) => name !== repository.name && !failures.some(({ subject }) => subject === name));
  const silent = failures.map(({ subject, message }) => `${subject} did not answer (${message}).`);
  return new HoldfastError({
    code: error.code,
    operation: error.operation,
    subject: `${error.subject} in ${repository.name}`,
    message: error.message,
    hint: [
      ...silent,
      error.hint ?? '',
      ...(others.length > 0 ? [`Others may hold one: --repository ${others.join(' or ')}.`] : []),
    ]
      .filter(Boolean)
      .join(' '),
    cause: error,
  });
}
