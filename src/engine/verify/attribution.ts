// From damaged files of a repository to what people lose by them: services, snapshots, paths. What cannot be told is told as
// "perhaps all": a snapshot is never called whole because nobody could look.

import type { RepositoryConfig } from '../../config/configuration.ts';
import type { Evidence } from '../../domain/evidence.ts';
import { formatInstant, type Instant } from '../../domain/instant.ts';
import { serviceOfTags } from '../../domain/naming.ts';
import type { StepContext } from '../../domain/plan.ts';
import type { Damage, Flaw } from '../../domain/verification.ts';
import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import type { RecordedEvidence } from '../../journal/journal.ts';
import { placeOf } from '../../repositories/place.ts';
import { resticIndex } from '../../tools/restic/cat-index.ts';
import { type PacksInUse, resticFindBlobs, resticFindPacks } from '../../tools/restic/find-packs.ts';
import type { ResticOptions } from '../../tools/restic/invoke.ts';
import { resticList } from '../../tools/restic/list.ts';
import { resticSnapshots, type Snapshot } from '../../tools/restic/snapshots.ts';
import type { Maintenance } from '../repository/maintenance.ts';

/** A snapshot that is touched by damage, or all of a service's where `snapshotId` is empty. */
export interface Touched extends JsonObject {
  /** Null when it is none of this host's configured services. */
  readonly service: string | null;
  readonly host: string | null;
  readonly snapshotId: string;
  readonly time: string | null;
  readonly items: readonly string[];
  readonly paths: readonly string[];
  readonly pathCount: number | null;
}

export interface Stock {
  readonly host: string;
  /** Whom damage was found to touch, at any time. */
  readonly damage: readonly Evidence[];
  /** What is on record of each service that is meant to be in the repository. */
  readonly recorded: ReadonlyMap<string, readonly RecordedEvidence[]>;
}

const MOST_PATHS = 20;
/** One argument each; the kernel takes 2 MiB. */
const MOST_PACKS = 10_000;
/** Reading one opens the repository. */
const MOST_INDEXES = 100;
/** One argument each, too. */
const MOST_BLOBS = 20_000;
/** Every directory of every snapshot is read. */
const LIMIT = duration(1, 'h');

/** `restic` is null where there is no key: then only the journal is asked. */
export async function touchedBy(
  flaws: readonly Flaw[],
  stock: Stock,
  restic: Maintenance | null,
  context: Pick<StepContext, 'signal' | 'warn'>,
): Promise<Touched[]> {
  const { packs, snapshots, whole } = sortFlaws(flaws);
  const alone = snapshots.map((item) => touchedSnapshot(item, stock));
  if (packs.length + whole.length === 0) return alone;
  if (whole.length > 0 || packs.length > MOST_PACKS) return [...perhapsAll([...whole, ...packs], stock), ...alone];
  if (restic === null) {
    const known = packs.flatMap((item) => asRecorded(item, stock));
    const told = new Set(known.flatMap(({ items }) => items));
    const unknown = packs.filter((item) => !told.has(item));
    return [...known, ...(unknown.length === 0 ? [] : perhapsAll(unknown, stock)), ...alone];
  }
  return [...(await usersOrAll(packs, stock, restic, context)), ...alone];
}

async function usersOrAll(
  items: readonly string[],
  stock: Stock,
  restic: Maintenance,
  context: Pick<StepContext, 'signal' | 'warn'>,
): Promise<Touched[]> {
  const { signal } = context;
  const options = { signal, timeout: LIMIT };
  const groups = items.length <= MOST_ALONE ? items.map((item) => [item]) : [items];
  const touched: Touched[] = [];
  for (const group of groups) {
    try {
      touched.push(...(await usersOf(group, stock, restic, options))); // oxlint-disable-line no-await-in-loop -- each reads every directory
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError)) throw error;
      context.warn(`restic cannot tell which snapshots the damage touches (${error.message}): perhaps all`);
      touched.push(...perhapsAll(group, stock));
    }
  }
  return touched;
}

/** Packs that are asked about one by one, so that each is blamed for its own. */
const MOST_ALONE = 8;

async function usersOf(
  items: readonly string[],
  stock: Stock,
  restic: Maintenance,
  options: ResticOptions,
): Promise<Touched[]> {
  const packs = items.map((item) => item.slice('data/'.length));
  const touched = await asTouched(items, await inUseOf(packs, restic, options), stock, restic, options);
  // who uses a directory that can still be read nobody tells
  if (touched.length > 0 || !(await holdDirectories(new Set(packs), restic, options))) return touched;
  return perhapsAll(items, stock);
}

async function holdDirectories(packs: ReadonlySet<string>, restic: Maintenance, options: ResticOptions): Promise<boolean> {
  const indexes = await restic((access, retryLock) => resticList(access, { kind: 'index', retryLock }, options));
  if (indexes.length > MOST_INDEXES) return true;
  for (const id of indexes) {
    // oxlint-disable-next-line no-await-in-loop -- each may be large
    const contents = await restic((access, retryLock) => resticIndex(access, { id, retryLock }, options));
    if (contents.some(({ pack, blobs }) => packs.has(pack) && blobs.some(({ type }) => type === 'tree'))) return true;
  }
  return false;
}

/** By the packs' own lists of content; where one is damaged, by the index. */
async function inUseOf(packs: readonly string[], restic: Maintenance, options: ResticOptions): Promise<PacksInUse> {
  try {
    return await restic((access, retryLock) => resticFindPacks(access, { packs, retryLock }, options));
  } catch (error) {
    options.signal.throwIfAborted();
    const indexes = await restic((access, retryLock) => resticList(access, { kind: 'index', retryLock }, options));
    if (indexes.length > MOST_INDEXES) throw error;
    const blobs = await blobsIn(new Set(packs), indexes, restic, options);
    if (blobs.length === 0) return { paths: new Map(), unreadable: new Set() };
    if (blobs.length > MOST_BLOBS) throw error;
    return await restic((access, retryLock) => resticFindBlobs(access, { blobs, retryLock }, options));
  }
}

/** Directories among them, too: of a pack that has nothing else every snapshot must be walked all the same. */
async function blobsIn(
  packs: ReadonlySet<string>,
  indexes: readonly string[],
  restic: Maintenance,
  options: ResticOptions,
): Promise<string[]> {
  const blobs = new Set<string>();
  for (const id of indexes) {
    // oxlint-disable-next-line no-await-in-loop -- each may be large
    const contents = await restic((access, retryLock) => resticIndex(access, { id, retryLock }, options));
    for (const content of contents) if (packs.has(content.pack)) for (const blob of content.blobs) blobs.add(blob.id);
  }
  return [...blobs];
}

/** Items by how far they reach: index, config, keys and structure concern everything. */
function sortFlaws(flaws: readonly Flaw[]): { packs: string[]; snapshots: string[]; whole: string[] } {
  const items = flaws.map(({ item }) => item);
  const isPack = (item: string): boolean => item.startsWith('data/');
  const isSnapshot = (item: string): boolean => item.startsWith('snapshots/');
  return {
    packs: items.filter(isPack),
    snapshots: items.filter(isSnapshot),
    whole: items.filter((item) => !isPack(item) && !isSnapshot(item)),
  };
}

const perhapsAll = (items: readonly string[], { host, recorded }: Stock): Touched[] =>
  [...recorded.keys()].map((service) => ({
    service,
    host,
    snapshotId: '',
    time: null,
    items,
    paths: [],
    pathCount: null,
  }));

/** By the last look that somebody with the key took at it. */
function asRecorded(item: string, { host, damage }: Stock): Touched[] {
  const facts = damage.filter(({ detail, snapshotId }) => snapshotId !== '' && (detail as Damage).items.includes(item)); // written from one
  const newest = new Map(facts.toReversed().map((fact) => [`${fact.service}/${fact.snapshotId}`, fact]));
  return [...newest.values()].map(({ service, snapshotId, detail }) => {
    const { paths, pathCount } = detail as Damage; // as above
    return { service, host, snapshotId, time: null, items: [item], paths, pathCount };
  });
}

/** The file that describes a snapshot: without it nobody finds the rest. */
function touchedSnapshot(item: string, { host, recorded }: Stock): Touched {
  const snapshotId = item.slice('snapshots/'.length);
  const unknown = { service: null, host: null, time: null };
  let owner: Pick<Touched, 'service' | 'host' | 'time'> = unknown;
  for (const [service, facts] of recorded) {
    const fact = facts.find((each) => each.snapshotId === snapshotId);
    if (fact) owner = { service, host, time: formatInstant(fact.at) };
  }
  return { ...owner, snapshotId, items: [item], paths: [], pathCount: null };
}

async function asTouched(
  items: readonly string[],
  inUse: PacksInUse,
  stock: Stock,
  restic: Maintenance,
  options: ResticOptions,
): Promise<Touched[]> {
  const listed = await restic((access, retryLock) =>
    resticSnapshots(access, { retryLock }, { ...options, onDamaged: () => {} }),
  );
  const byId = new Map(listed.map((snapshot) => [snapshot.id, snapshot]));
  const touched = new Set([...inUse.paths.keys(), ...inUse.unreadable]);
  return [...touched].map((snapshotId) => {
    const paths = [...(inUse.paths.get(snapshotId) ?? [])].toSorted();
    const snapshot = byId.get(snapshotId);
    return {
      service: snapshot ? ownService(snapshot, stock) : null,
      host: snapshot?.host ?? null,
      snapshotId,
      time: snapshot ? formatInstant(snapshot.time) : null,
      items,
      paths: paths.slice(0, MOST_PATHS),
      pathCount: inUse.unreadable.has(snapshotId) ? null : paths.length,
    };
  });
}

function ownService({ host, tags }: Snapshot, stock: Stock): string | null {
  const service = serviceOfTags(tags);
  return host === stock.host && service !== null && stock.recorded.has(service) ? service : null;
}

/** For each of this host's services. */
export const damageEvidence = (repository: RepositoryConfig, touched: readonly Touched[], now: Instant): Evidence[] =>
  touched.flatMap(({ service, snapshotId, items, paths, pathCount }) => {
    if (service === null) return [];
    const damage: Damage = { items, paths, pathCount };
    const detail = { ...damage, place: placeOf(repository) };
    return [{ kind: 'damage', service, repository: repository.name, snapshotId, at: now, complete: false, detail }];
  });
