// Which repository and which backup a moment is had from, asked of all that may serve: one that does not answer is no obstacle where
// another one does.

import { describeDuration } from '../../domain/duration.ts';
import { elapsed, formatInstant, type Instant } from '../../domain/instant.ts';
import { nearestMoment, type Reach, reachFor, type Window, windowsOf } from '../../domain/moments.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { ServerBackup } from '../../domain/server-backup.ts';
import type { ArchiveState } from './archive-state.ts';
import type { Engine } from './engine.ts';

export interface MomentWish {
  /** Null: the newest. */
  readonly at: Instant | null;
  /** The label of a backup; undefined: the one that serves. */
  readonly label?: string | undefined;
  /** Null: the newest. */
  readonly timeline: number | null;
  /** Only of this cluster, by its system identifier. */
  readonly cluster?: string | undefined;
}

export interface ChosenMoment {
  readonly state: ArchiveState;
  readonly reach: Reach<ServerBackup>;
  readonly remarks: readonly string[];
  /** What each repository can give back, for whoever has yet to choose. */
  readonly moments: readonly Reachable[];
}

export interface Reachable extends JsonObject {
  readonly repository: string;
  readonly from: string;
  readonly to: string;
}

/** Throws `refused` with the nearest moment where none has this one, else why nothing is known. */
export async function chooseMoment(
  access: Engine,
  repositories: readonly number[],
  wish: MomentWish,
  signal: AbortSignal,
): Promise<ChosenMoment> {
  const states: ArchiveState[] = [];
  const failures: HoldfastError[] = [];
  for (const repository of repositories) {
    try {
      const state = await access.state(repository, wish.timeline, signal); // oxlint-disable-line no-await-in-loop -- a handful
      if (wish.cluster === undefined || state.cluster.systemId === wish.cluster) states.push(state);
      else failures.push(otherCluster(access, state, wish.cluster));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError)) throw error;
      failures.push(error);
    }
  }
  const moments = states.flatMap((state) => reachableOf(state));
  const found = states.flatMap((state) => {
    const reaches = state.reaches.filter(({ backup }) => wish.label === undefined || backup.label === wish.label);
    const reach = reachFor(wish.at, reaches);
    return reach ? [{ state, reach }] : [];
  });
  const best = wish.at === null ? furthest(found) : found[0];
  if (best) return { ...best, moments, remarks: remarksOf(best.state, best.reach, failures) };
  const [failure] = failures;
  if (states.length === 0 && failure) throw failure;
  throw refusal(access, states, wish, failures);
}

/** Of the cluster that the first of them has: whose log goes on for longest. Names of files sort by timeline, then by place. */
function furthest<Found extends Pick<ChosenMoment, 'state' | 'reach'>>(found: readonly Found[]): Found | undefined {
  const [first] = found;
  const same = found.filter(({ state }) => state.cluster.systemId === first?.state.cluster.systemId);
  return same.reduce<Found | undefined>(
    (best, each) => (best && best.reach.last >= each.reach.last ? best : each),
    undefined,
  );
}

const otherCluster = ({ subject }: Engine, { repository, cluster }: ArchiveState, wanted: string): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'restore',
    subject: `${subject}@${nameOfRepository(repository)}`,
    message: `its newest backups are of another cluster (${cluster.systemId}) than the one that is meant (${wanted})`,
    hint: 'Find out which one is right, and restore it by hand.',
  });

const reachableOf = ({ repository, reaches }: ArchiveState): Reachable[] =>
  windowsOf(reaches).map(({ from, to }) => ({
    repository: nameOfRepository(repository),
    from: formatInstant(from),
    to: formatInstant(to),
  }));

const remarksOf = (
  { repository, timeline, beside }: ArchiveState,
  { backup, gap, last }: Reach<ServerBackup>,
  failures: readonly HoldfastError[],
): string[] => [
  ...failures.map(({ subject, message }) => `${subject} was not asked any further: ${message}`),
  ...(backup.error === true
    ? [`${backup.label} holds pages whose checksums do not fit: they were damaged in the server`]
    : []),
  ...(gap === null
    ? []
    : [
        `the archive of ${nameOfRepository(repository)} ends with ${last}: ${gap} is missing, and nothing after it can be had`,
      ]),
  ...beside.map(
    (other) =>
      `timeline ${timeline} is followed, and timeline ${other.timeline} goes on beside it, to ${other.file} of ${formatInstant(other.at)}: what was committed there is not in it (--timeline ${other.timeline} has that)`,
  ),
];

function refusal(
  { subject, byHand }: Engine,
  states: readonly ArchiveState[],
  { at, label }: MomentWish,
  failures: readonly HoldfastError[],
): HoldfastError {
  const known = states.flatMap(({ reaches }) =>
    reaches.filter(({ backup }) => label === undefined || backup.label === label),
  );
  const windows = windowsOf(known);
  const nearest = at === null ? null : nearestMoment(at, windows);
  const unknown = failures.length === 0 ? '' : `; nothing is known of ${failures.map((each) => each.subject).join(', ')}`;
  const missing =
    label === undefined
      ? 'no backup can be restored with what the archive holds'
      : `there is no backup ${label} that can be restored with what the archive holds`;
  const possible = `that moment cannot be had: ${windows.map(describe).join(', and ')} can`;
  return new HoldfastError({
    code: 'refused',
    operation: 'restore',
    subject: at === null ? subject : `${subject} as it was at ${formatInstant(at)}`,
    message: (windows.length === 0 ? missing : possible) + unknown,
    hint:
      nearest === null || at === null
        ? `Look at what is there: ${byHand.list}, and the archive of the repository.`
        : nearestWords(nearest, at, windows),
    retry: 'later',
  });
}

/** Behind the last window whatever is archived is what is nearest: how far its last file goes no listing tells. */
function nearestWords(nearest: Instant, at: Instant, windows: readonly Window[]): string {
  if (nearest === windows.at(-1)?.to && nearest < at)
    return `The nearest is all that is archived, to about ${formatInstant(nearest)} (${describeDuration(elapsed(nearest, at))} before it): leave --at out. What a running server has not archived yet it sends on after \`SELECT pg_switch_wal()\`.`;
  const [before, after] = nearest < at ? [nearest, at] : [at, nearest];
  return `The nearest is --at '${formatInstant(nearest)}' (${describeDuration(elapsed(before, after))} ${nearest < at ? 'before' : 'after'} it).`;
}

const describe = ({ from, to }: Window): string => `from ${formatInstant(from)} to ${formatInstant(to)}`;
