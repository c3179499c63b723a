// The paths of a service seen in temporary snapshots: found, taken, and put in place of what lives. What no snapshot can be had of
// is seen as it lives, and told: never silently.

import type { Instant } from '../../domain/instant.ts';
import type { StepContext } from '../../domain/plan.ts';
import type { MountTable } from '../../domain/mount.ts';
import { byPlace, type Part, type Piece, sameParts } from '../../domain/snapshot-pieces.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { isWithin } from '../../lib/path.ts';
import type { Cover } from '../../tools/util-linux/mount-view.ts';
import type { HeldSnapshot, SnapshotDesk } from './desk.ts';
import { providerOf } from './effect.ts';
import type { SnapshotProvider } from './provider.ts';

export interface Parts {
  readonly parts: readonly Part[];
  readonly mounts: MountTable;
}

export interface Frozen {
  readonly covers: readonly Cover[];
  /** Whether what is seen at this path, which has no links in it, is in a snapshot. */
  holds(path: string): boolean;
  /** Names of the snapshots. */
  readonly names: readonly string[];
  /** Not later than what is in them; null where there are none. */
  readonly at: Instant | null;
  /** What is seen as it lives, in sentences. */
  readonly shortcomings: readonly string[];
  /** Paths that are not the service's: Holdfast's own. */
  readonly ownPlaces: readonly string[];
  /** Snapshots that are gone although they are in use. */
  missing(signal: AbortSignal): Promise<string[]>;
}

export interface FreezeOptions {
  /** Looks where the paths lead: before the snapshots are taken, and once more after that. */
  readonly look: () => Promise<Parts>;
  readonly desk: SnapshotDesk;
  readonly user: string;
  readonly fresh: boolean;
  /** restic's patterns: what an absolute one leaves out need not be told of. */
  readonly excludes: readonly string[];
  readonly isRoot: boolean;
}

/** Throws when a snapshot that could be had was not made, or what is mounted changed meanwhile; nothing is left behind then. */
export async function freeze(
  { look, desk, user, fresh, excludes, isRoot }: FreezeOptions,
  context: StepContext,
): Promise<Frozen & AsyncDisposable> {
  const { parts, mounts } = await look();
  const located = await locate(parts, mounts, isRoot, context.signal);
  await using stack = new AsyncDisposableStack();
  const held: Taken[] = [];
  for (const [provider, origins] of groupsOf(located)) {
    /* oxlint-disable no-await-in-loop -- the next pool or file system: their moments are as near as can be */
    const identified = await Promise.all(origins.map((origin) => provider.identify(origin, context.signal)));
    const snapshot = stack.use(await desk.hold({ provider, origins: identified, user, fresh }, context));
    /* oxlint-enable no-await-in-loop */
    held.push({ provider, snapshot, origins });
  }
  if (held.length > 0 && !sameParts(parts.filter(canBeFrozen), (await look()).parts.filter(canBeFrozen)))
    throw changed(user);
  const pieces = located.flatMap(({ provider, pieces: some, part }) => some.map((piece) => ({ provider, piece, part })));
  const all = stack.move();
  return {
    covers: held.length === 0 ? [] : pieces.map(({ piece }) => coverOf(piece, held)).toSorted(byOver),
    holds: (path) => {
      const deepest = pieces
        .filter(({ piece }) => isWithin(piece.at, path))
        .toSorted((a, b) => byPlace(b.piece, a.piece))[0];
      return deepest !== undefined && deepest.provider !== null;
    },
    names: held.flatMap(({ provider, snapshot }) => provider.namesOf(snapshot.record)),
    at: held.length === 0 ? null : (Math.min(...held.map(({ snapshot }) => snapshot.at)) as Instant),
    shortcomings: located
      .filter(({ part: { at } }) => !excludes.some((pattern) => isWithin(pattern, at)))
      .flatMap(({ unfrozen }) => unfrozen ?? []),
    ownPlaces: held.flatMap(({ provider, origins }) => origins.flatMap((origin) => provider.ownPlaces(origin))),
    missing: async (signal) =>
      (await Promise.all(held.map(({ provider, snapshot }) => provider.missing(snapshot.record, signal)))).flat(),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

interface Taken {
  readonly provider: SnapshotProvider;
  readonly snapshot: HeldSnapshot;
  readonly origins: readonly string[];
}

export interface LocatedPart {
  readonly part: Part;
  /** Null: it is seen as it lives. */
  readonly provider: SnapshotProvider | null;
  readonly pieces: readonly Piece[];
  /** A sentence. */
  readonly unfrozen: string | null;
}

/** Which part is in what. Changes nothing. */
export async function locate(
  parts: readonly Part[],
  mounts: MountTable,
  isRoot: boolean,
  signal: AbortSignal,
): Promise<LocatedPart[]> {
  return await Promise.all(
    parts.map(async (part): Promise<LocatedPart> => {
      const { at, mount } = part;
      const asItIs = { part, provider: null, pieces: [{ at, origin: null, directory: '' }] };
      const live = (why: string): LocatedPart => ({
        ...asItIs,
        unfrozen: `${at} is read as it lives, not from a snapshot: ${why}`,
      });
      if (NO_DATA.has(mount.type)) return { ...asItIs, unfrozen: null };
      const provider = providerOf(mount.type);
      if (provider === null) return live(`its file system, ${mount.type}, has none`);
      if (at === '/') return live('a snapshot cannot be put in the place of /; declare the directories in it');
      if (!isRoot) return live('only root can make and mount one');
      const found = await provider.locate(part, mounts, signal);
      if ('unfrozen' in found) return live(found.unfrozen);
      return { part, provider, pieces: found.pieces, unfrozen: null };
    }),
  );
}

/** The kernel's own, which keep nothing. */
const NO_DATA: ReadonlySet<string> = new Set(
  'proc sysfs devtmpfs devpts cgroup cgroup2 securityfs debugfs tracefs pstore bpf mqueue configfs binfmt_misc nsfs'.split(
    ' ',
  ),
);

/** What is mounted otherwise comes and goes: containers mount all the time. */
const canBeFrozen = ({ mount }: Part): boolean => providerOf(mount.type) !== null;

/** What can be frozen together; each origin once. */
function groupsOf(located: readonly LocatedPart[]): (readonly [SnapshotProvider, readonly string[]])[] {
  const wanted = located.flatMap(({ provider, pieces }) =>
    provider ? pieces.flatMap(({ origin }) => (origin === null ? [] : [{ provider, origin }])) : [],
  );
  const groups = Map.groupBy(wanted, ({ provider, origin }) => `${provider.kind} ${provider.groupOf(origin)}`);
  return [...groups.values()].flatMap((group) => {
    const provider = group[0]?.provider;
    return provider ? [[provider, [...new Set(group.map(({ origin }) => origin))].toSorted()] as const] : [];
  });
}

function coverOf({ at, origin, directory }: Piece, held: readonly Taken[]): Cover {
  const taken = held.find(({ origins }) => origin !== null && origins.includes(origin));
  return taken === undefined || origin === null
    ? { from: { path: at }, directory: '', over: at }
    : { from: taken.provider.sourceOf(taken.snapshot.record, origin), directory, over: at };
}

const byOver = (one: Cover, other: Cover): number => byPlace({ at: one.over }, { at: other.over });

const changed = (user: string): HoldfastError =>
  new HoldfastError({
    code: 'busy',
    operation: 'make a snapshot for',
    subject: user,
    message: 'what is mounted below its paths changed while the snapshot was made',
    hint: 'Run it again: `findmnt` tells what is mounted now.',
    retry: 'now',
  });
