// What is to be sent to a replica, decided from the snapshots and bookmarks of both sides. Snapshots are known by guid and ordered by
// transaction group: neither their names nor any clock is asked. Nothing decided here rolls a replica back or destroys one. Pure.

import { type Duration, duration } from './duration.ts';
import { elapsed } from './instant.ts';
import type { Broken } from './replication-broken.ts';
import { byAge, isTemporary, type ZfsSnapshot } from './zfs-snapshot.ts';

/** What is left of a snapshot when it is destroyed: enough to send from, not to send. */
export type Bookmark = Omit<ZfsSnapshot, 'holds' | 'properties'>;

/** Half of a stream that a replica has got. */
export interface ResumeToken {
  readonly text: string;
  readonly toGuid: string;
  /** Null: of a first, whole stream. */
  readonly fromGuid: string | null;
  readonly raw: boolean;
}

export interface SourceSide {
  readonly dataset: string;
  readonly snapshots: readonly ZfsSnapshot[];
  readonly bookmarks: readonly Bookmark[];
  readonly encrypted: boolean;
  /** Its key is loaded, or it needs none. */
  readonly readable: boolean;
}

export interface TargetSide {
  readonly dataset: string;
  readonly exists: boolean;
  /** With `written`: bytes that came since the one before. */
  readonly snapshots: readonly ZfsSnapshot[];
  /** Bytes written since its newest snapshot. */
  readonly written: number;
  readonly encrypted: boolean;
  readonly token: ResumeToken | null;
}

export interface ReplicationWish {
  /** Encrypted datasets go as they are; otherwise decrypted. */
  readonly raw: boolean;
}

/** Where both sides are the same; `snapshot` is null where the source has only a bookmark of it. */
export interface Base {
  readonly point: Bookmark;
  readonly snapshot: ZfsSnapshot | null;
}

export type ReplicationDecision =
  | { readonly kind: 'full'; readonly to: ZfsSnapshot; readonly raw: boolean }
  /** `all`: with every snapshot between (-I); from a bookmark only one can be sent. */
  | {
      readonly kind: 'incremental';
      readonly base: Base;
      readonly to: ZfsSnapshot;
      readonly all: boolean;
      readonly raw: boolean;
    }
  | { readonly kind: 'resume'; readonly token: ResumeToken; readonly to: ZfsSnapshot }
  /** The half that is there can never become whole. */
  | { readonly kind: 'abandon'; readonly token: ResumeToken; readonly why: string }
  | { readonly kind: 'current'; readonly base: Base }
  /** The source has no snapshot that is meant to last. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'broken'; readonly broken: Broken };

export function decideReplication(source: SourceSide, target: TargetSide, wish: ReplicationWish): ReplicationDecision {
  const raw = source.encrypted && wish.raw;
  const lasting = sendable(source.snapshots);
  const newest = lasting.at(-1);
  if (target.token !== null) return ofToken(target.token, source, raw);
  if (newest === undefined) return { kind: 'nothing' };
  if (source.encrypted && !raw && !source.readable) return broken({ why: 'locked' });
  if (!target.exists) return { kind: 'full', to: lasting[0] ?? newest, raw };
  if (target.snapshots.length === 0) return broken({ why: 'occupied' });
  const base = newestCommon(source, target);
  if (base === null) return broken({ why: 'nothing-common', ...edges(source, target) });
  if (raw && !target.encrypted) return broken({ why: 'mixed' });
  const since = target.snapshots.filter(({ createtxg }) => createtxg > base.at.createtxg);
  if (since.some(hasChanges)) return broken({ why: 'ahead', base: base.at, since, later: laterThan(lasting, base.point) });
  if (target.written > 0 && newest.createtxg > base.point.createtxg)
    return broken({ why: 'written', base: base.at, bytes: target.written });
  const left = laterThan(lasting, base.point);
  const [next] = left;
  if (next === undefined) return { kind: 'current', base };
  return { kind: 'incremental', base, ...stretchOf(base, next, left, source), raw };
}

/** As far as one stream goes with every snapshot between, and none that passes: nobody at the target would ever destroy it. */
function stretchOf(
  base: Base,
  next: ZfsSnapshot,
  left: readonly ZfsSnapshot[],
  { snapshots }: SourceSide,
): { to: ZfsSnapshot; all: boolean } {
  const meant = new Set(left);
  const passing = laterThan(snapshots, base.point).filter((each) => !meant.has(each));
  const end = passing.reduce((first, { createtxg }) => Math.min(first, createtxg), Infinity);
  const before = left.findLast(({ createtxg }) => createtxg < end);
  return base.snapshot === null || before === undefined ? { to: next, all: false } : { to: before, all: true };
}

/** What a stream takes with it, beside what it is sent to and from: those that it is in the way of when they are destroyed. */
export const sentBetween = (
  { snapshots }: Pick<SourceSide, 'snapshots'>,
  { base, to, all }: Extract<ReplicationDecision, { kind: 'incremental' }>,
): ZfsSnapshot[] =>
  all ? laterThan(snapshots.toSorted(byAge), base.point).filter(({ createtxg }) => createtxg < to.createtxg) : [];

const broken = (why: Broken): ReplicationDecision => ({ kind: 'broken', broken: why });

function ofToken(token: ResumeToken, source: SourceSide, raw: boolean): ReplicationDecision {
  const to = source.snapshots.find(({ guid }) => guid === token.toGuid);
  const abandon = (why: string): ReplicationDecision => ({ kind: 'abandon', token, why });
  if (to === undefined) return abandon('the snapshot that was being sent is gone');
  if (token.fromGuid !== null && pointOf(source, token.fromGuid) === null)
    return abandon('the snapshot that it was sent from is gone, and has no bookmark');
  if (source.encrypted && token.raw !== raw)
    return abandon(token.raw ? 'it was sent encrypted' : 'it was sent decrypted, and is to be sent encrypted');
  return { kind: 'resume', token, to };
}

/** Made for one run only, by Holdfast, or by syncoid, which destroys what it made once it has a newer one. */
export const isOfSyncoid = ({ name }: Pick<ZfsSnapshot, 'name'>): boolean => name.startsWith('syncoid_');
export const isPassing = (snapshot: ZfsSnapshot): boolean => isTemporary(snapshot) || isOfSyncoid(snapshot);

/** Oldest first; those of syncoid only where there are no others, for they are destroyed soon. */
function sendable(snapshots: readonly ZfsSnapshot[]): ZfsSnapshot[] {
  const lasting = snapshots.filter((each) => !isTemporary(each)).toSorted(byAge);
  const ofOthers = lasting.filter((each) => !isOfSyncoid(each));
  return ofOthers.length > 0 ? ofOthers : lasting;
}

/** Those that are left to send after one of them, the oldest first. */
export const leftAfter = ({ snapshots }: Pick<SourceSide, 'snapshots'>, point: Pick<Bookmark, 'createtxg'>): ZfsSnapshot[] =>
  laterThan(sendable(snapshots), point);

/** The newest that is meant to last; undefined: there is none. */
export const newestToSend = ({ snapshots }: Pick<SourceSide, 'snapshots'>): ZfsSnapshot | undefined =>
  sendable(snapshots).at(-1);

const laterThan = (snapshots: readonly ZfsSnapshot[], { createtxg }: Pick<Bookmark, 'createtxg'>): ZfsSnapshot[] =>
  snapshots.filter((each) => each.createtxg > createtxg);

/** A snapshot rather than its bookmark. */
function pointOf({ snapshots, bookmarks }: SourceSide, guid: string): Base | null {
  const snapshot = snapshots.find((each) => each.guid === guid) ?? null;
  const point = snapshot ?? bookmarks.find((each) => each.guid === guid);
  return point ? { point, snapshot } : null;
}

/** The newest of the replica that the source knows, too; `at` is the replica's own. */
export function newestCommon(source: SourceSide, target: TargetSide): (Base & { readonly at: ZfsSnapshot }) | null {
  for (const at of target.snapshots.toSorted(byAge).toReversed()) {
    const known = pointOf(source, at.guid);
    if (known) return { ...known, at };
  }
  return null;
}

const hasChanges = ({ properties }: ZfsSnapshot): boolean => Number(properties['written'] ?? 0) > 0;

function edges(
  source: SourceSide,
  target: TargetSide,
): { readonly oldest: ZfsSnapshot | null; readonly newest: ZfsSnapshot | null } {
  return {
    oldest: source.snapshots.toSorted(byAge)[0] ?? null,
    newest: target.snapshots.toSorted(byAge).at(-1) ?? null,
  };
}

/** How far the replica is behind; null: unknown, which is worse than any figure. */
export function lagOf(source: SourceSide, target: TargetSide): Duration | null {
  const base = newestCommon(source, target);
  const newest = newestToSend(source);
  if (base === null || newest === undefined) return null;
  if (newest.createtxg <= base.point.createtxg) return duration(0, 's');
  const lag = elapsed(base.point.creation, newest.creation);
  return lag > 0 ? lag : null; // something is to be sent, and the clock, which was set back, says nothing of how much
}
