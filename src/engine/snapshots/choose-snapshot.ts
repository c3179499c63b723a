// Which snapshot is meant: the newest, the newest not after a time, or a named one. Pure. It never answers with a snapshot
// of another service or host unless that was said in so many words.

import { formatInstant, type Instant, later } from '../../domain/instant.ts';
import { duration } from '../../domain/duration.ts';
import { jobTag, serviceOfTags } from '../../domain/naming.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';

export interface SnapshotWish {
  /** Null: snapshots of any service, also those that Holdfast did not make. */
  readonly service: string | null;
  /** Null: of any host. */
  readonly host: string | null;
  /** Only snapshots that hold this absolute path. */
  readonly path?: string | undefined;
  /** An id or its beginning; 'latest' is the newest. */
  readonly id?: string | undefined;
  /** The newest not after this. */
  readonly at?: Instant | undefined;
}

export interface Choice {
  readonly snapshot: Snapshot;
  /** Known to be incomplete. */
  readonly partial: boolean;
  /** What whoever restores should know about the choice. */
  readonly remarks: readonly string[];
}

export interface Knowledge {
  /** For errors. */
  readonly repository: string;
  /** By id, whether it is complete; those that no record tells of are not in it. */
  readonly complete: ReadonlyMap<string, boolean>;
  readonly now: Instant;
}

/** Clocks of two machines differ by a little. */
const FUTURE = duration(5, 'm');

/** Throws `snapshot-missing` when nothing fits, `refused` when what was named is somebody else's, `usage` when it is ambiguous. */
export function chooseSnapshot(snapshots: readonly Snapshot[], wish: SnapshotWish, known: Knowledge): Choice {
  if (wish.id !== undefined && wish.id !== 'latest') return chooseNamed(snapshots, wish, wish.id, known);
  const fitting = snapshots
    .filter((snapshot) => fits(snapshot, wish))
    .filter(({ time }) => wish.at === undefined || time <= wish.at)
    .toSorted((a, b) => b.time - a.time);
  assertOneJob(fitting, wish, known);
  const present = fitting.filter(({ time }) => time <= later(known.now, FUTURE));
  const candidates = present.length > 0 ? present : fitting;
  const newest = candidates[0];
  if (!newest) throw nothingFits(snapshots, wish, known);
  const remarks = futureRemarks(fitting, present);
  const best = bestOf(candidates, known) ?? newest;
  const name = `${short(newest)} of ${formatInstant(newest.time)}`;
  if (isPartial(best, known)) {
    return { snapshot: best, partial: true, remarks: [...remarks, `${name} is incomplete, and there is no complete one`] };
  }
  if (best === newest) {
    return { snapshot: newest, partial: false, remarks: [...remarks, ...shrinkageRemarks(newest, candidates[1])] };
  }
  const why = isPartial(newest, known) ? 'is incomplete' : 'is not on record as complete';
  const instead = `the newest, ${name}, ${why}: ${short(best)} of ${formatInstant(best.time)} is taken (--snapshot ${short(newest)} takes the other)`;
  return { snapshot: best, partial: false, remarks: [...remarks, instead] };
}

/** Those that fit and are not of the future, the newest first: the complete ones, or all where none is known to be. */
export function candidatesOf(snapshots: readonly Snapshot[], wish: SnapshotWish, known: Knowledge): Snapshot[] {
  const fitting = snapshots
    .filter((snapshot) => fits(snapshot, wish) && snapshot.time <= later(known.now, FUTURE))
    .toSorted((a, b) => b.time - a.time);
  const complete = fitting.filter(({ id }) => known.complete.get(id) === true);
  return complete.length > 0 ? complete : fitting.filter(({ id }) => known.complete.get(id) !== false);
}

/** Proven complete before unknown, unknown before incomplete; of each the newest, which comes first. */
const bestOf = (candidates: readonly Snapshot[], { complete }: Knowledge): Snapshot | undefined =>
  [true, undefined, false].flatMap((state) => candidates.find(({ id }) => complete.get(id) === state) ?? [])[0];

/** By id or its beginning, whoever made it. Null when there is none. Throws `usage` when several begin so. */
export function snapshotById(snapshots: readonly Snapshot[], id: string, repository: string): Snapshot | null {
  const wanted = id.toLowerCase();
  const found = snapshots.filter((snapshot) => snapshot.id.startsWith(wanted));
  if (found.length <= 1 || found.every((each) => each.id === found[0]?.id)) return found[0] ?? null;
  throw new HoldfastError({
    code: 'usage',
    operation: 'find',
    subject: id,
    message: `${found.length} snapshots in ${repository} begin with ${id}`,
    hint: `Write more of it: ${found
      .slice(0, 5)
      .map((each) => each.id.slice(0, Math.max(12, id.length + 4)))
      .join(', ')}`,
  });
}

function chooseNamed(snapshots: readonly Snapshot[], wish: SnapshotWish, id: string, known: Knowledge): Choice {
  const snapshot = snapshotById(snapshots, id, known.repository);
  if (!snapshot) {
    throw missing(`${known.repository} holds no snapshot ${id}`, id, listHint(wish));
  }
  if (!fits(snapshot, wish)) throw somebodyElses(snapshot, wish);
  const partial = isPartial(snapshot, known);
  return { snapshot, partial, remarks: partial ? [`${short(snapshot)} is known to be incomplete`] : [] };
}

const fits = (snapshot: Snapshot, { service, host, path }: SnapshotWish): boolean =>
  (service === null || snapshot.tags.includes(jobTag(service))) &&
  (host === null || snapshot.host === host) &&
  (path === undefined || snapshot.paths.some((each) => each === path || path.startsWith(each === '/' ? '/' : `${each}/`)));

const isPartial = (snapshot: Snapshot, known: Knowledge): boolean => known.complete.get(snapshot.id) === false;

const short = (snapshot: Snapshot): string => snapshot.id.slice(0, 8);

const futureRemarks = (fitting: readonly Snapshot[], present: readonly Snapshot[]): string[] => {
  const future = fitting.length - present.length;
  if (future === 0) return [];
  const what = `${future === 1 ? 'one snapshot is' : `${future} snapshots are`} dated in the future`;
  return [
    present.length > 0
      ? `${what} and passed over; --snapshot takes one all the same`
      : `${what}: is this machine's clock right?`,
  ];
};

/** An emptied source was backed up too, and what was wanted is in the snapshot before it. */
function shrinkageRemarks(newest: Snapshot, before: Snapshot | undefined): string[] {
  const [now, then] = [newest.summary?.totalFiles, before?.summary?.totalFiles];
  if (before === undefined || now === undefined || then === undefined || now * 2 >= then) return [];
  const previous = `${short(before)} of ${formatInstant(before.time)}`;
  return [`${short(newest)} holds ${now} files, and ${previous} ${then}: --snapshot ${short(before)} takes that one`];
}

/** Without a service "the newest" would be whichever job ran last. */
function assertOneJob(fitting: readonly Snapshot[], wish: SnapshotWish, known: Knowledge): void {
  if (wish.service !== null && wish.host !== null) return;
  const jobs = new Set(fitting.map((each) => `${each.host}: ${serviceOfTags(each.tags) ?? each.paths.join(', ')}`));
  if (jobs.size <= 1) return;
  const named = [...jobs].toSorted();
  throw new HoldfastError({
    code: 'usage',
    operation: 'choose',
    subject: 'a snapshot',
    message: `${known.repository} holds snapshots of ${jobs.size} different jobs: which one is meant must be said`,
    hint: `Add --host and --service, --path or --snapshot. There are: ${named.slice(0, 10).join('; ')}${named.length > 10 ? '; ...' : ''}`,
  });
}

function somebodyElses(snapshot: Snapshot, wish: SnapshotWish): HoldfastError {
  const owner = serviceOfTags(snapshot.tags);
  const what = owner === null ? `was not made for a service (it holds ${snapshot.paths.join(', ')})` : `is of ${owner}`;
  return new HoldfastError({
    code: 'refused',
    operation: 'restore',
    subject: wish.service ?? snapshot.shortId,
    message: `snapshot ${short(snapshot)} ${what} on host ${snapshot.host}, not ${describeWish(wish)}`,
    hint:
      owner !== null && owner === wish.service
        ? `If another host's data is wanted, say so: --host ${snapshot.host}`
        : `Restore what it belongs to instead${owner === null ? '' : `: \`holdfast restore ${owner} --snapshot ${short(snapshot)}${snapshot.host === wish.host ? '' : ` --host ${snapshot.host}`}\``}.`,
  });
}

function nothingFits(snapshots: readonly Snapshot[], wish: SnapshotWish, known: Knowledge): HoldfastError {
  const older = wish.at === undefined ? '' : ` not after ${formatInstant(wish.at)}`;
  const hosts = new Set(snapshots.filter((each) => fits(each, { ...wish, host: null })).map((each) => each.host));
  hosts.delete(wish.host ?? '');
  const elsewhere =
    hosts.size > 0 ? ` Of other hosts there are some: ${[...hosts].map((each) => `--host ${each}`).join(', or ')}.` : '';
  return missing(
    `${known.repository} answered, and holds no snapshot of ${describeWish(wish)}${older}`,
    wish.service ?? wish.path ?? 'any service',
    `${listHint(wish)}${elsewhere}`,
  );
}

function describeWish({ service, host, path }: SnapshotWish): string {
  const what = service ?? path ?? 'anything';
  return host === null ? what : `${what} on host ${host}`;
}

const listHint = ({ service }: SnapshotWish): string =>
  `\`holdfast snapshots${service === null ? '' : ` ${service}`}\` lists what is there, in every repository.`;

const missing = (message: string, subject: string, hint: string): HoldfastError =>
  new HoldfastError({ code: 'snapshot-missing', operation: 'find a snapshot of', subject, message, hint });
