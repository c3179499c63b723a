// The same files from another repository of the service: two copies that were made independently of each other, and that
// cannot both be wrong in the same way. Where they differ one of them lies, and nobody knows which.

import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupConfig, RepositoryConfig } from '../../config/configuration.ts';
import { contains, localDirectory } from '../../config/repository-url.ts';
import { comparable } from '../../domain/drill.ts';
import type { StepContext } from '../../domain/plan.ts';
import { Sample } from '../../domain/sample.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { LockBroker } from '../../repositories/broker.ts';
import { resticLs } from '../../tools/restic/ls.ts';
import type { SnapshotNode } from '../../tools/restic/node.ts';
import { resticRestore } from '../../tools/restic/restore.ts';
import type { Snapshot } from '../../tools/restic/snapshots.ts';
import { pastLocks } from '../repository/restic-locks.ts';
import { realOr } from '../restore/path-facts.ts';
import { sharedLock } from '../snapshots/observe-snapshots.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import { type ContentComparison, compareContents } from './same-content.ts';
import { inCalls } from './in-calls.ts';
import { requireRoom } from './scratch.ts';

export interface SecondCopy {
  readonly repository: RepositoryConfig;
  readonly snapshot: Snapshot;
  /** Named on the command line: all of it is compared, and that it cannot be had is a failure. */
  readonly demanded: boolean;
}

export interface SecondPlaces {
  /** What is on trial was restored to here. */
  readonly first: string;
  /** An empty directory. */
  readonly second: string;
  /** For the room. */
  readonly root: string;
  /** Paths in the snapshot that were restored; null for all. */
  readonly paths: ReadonlySet<string> | null;
}

export interface Compared extends ContentComparison {
  /** What the other repository could not give back, in sentences. */
  readonly problems: readonly string[];
}

/** From a repository that is paid by the byte, or far away. */
const FAR_FILES = 20;

/** Throws what keeps the other repository from being asked. */
export async function compareWithSecond(
  { repository, snapshot, demanded }: SecondCopy,
  places: SecondPlaces,
  backup: BackupConfig,
  world: { readonly toolbox: Toolbox; readonly broker: LockBroker },
  context: StepContext,
): Promise<Compared> {
  const { signal, lockWait } = context;
  context.progress({ message: `comparing with ${repository.name}` });
  await using _lock = await sharedLock(repository, { broker: world.broker, lockWait, signal });
  const access = await accessTo(world.toolbox, repository, signal);
  const databases = await databasesOf(backup);
  const sampleOf = demanded || localDirectory(repository.url) !== null ? null : FAR_FILES;
  const everything = sampleOf === null && places.paths === null && (await fits(snapshot, places, demanded, context));
  const errors = await pastLocks(access, context, async (retryLock) => {
    const restore = async (includes: readonly string[]): Promise<string[]> => {
      const request = { snapshotId: snapshot.id, target: places.second, sparse: true, includes, retryLock };
      const summary = await resticRestore(access, request, { signal });
      return summary.errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
    };
    if (everything) return await restore([]);
    const count = places.paths === null ? FAR_FILES : Math.min(places.paths.size, sampleOf ?? Infinity);
    const chosen = new Sample<SnapshotNode>(count, context.runId);
    const onNode = (node: SnapshotNode): void => {
      if (isComparable(node, places, databases)) chosen.add(node);
    };
    await resticLs(access, { snapshotId: snapshot.id, retryLock }, { signal, onNode });
    const problems: string[] = [];
    for (const includes of inCalls(chosen.chosen())) problems.push(...(await restore(includes))); // oxlint-disable-line no-await-in-loop -- one disk
    return problems;
  });
  const found = await compareContents(
    places.first,
    places.second,
    (path) => databases.has(path),
    signal,
    (filesDone, bytesDone) => context.progress({ filesDone, bytesDone, message: `comparing with ${repository.name}` }),
  );
  return { ...found, problems: errors };
}

function isComparable(node: SnapshotNode, { first, paths }: SecondPlaces, databases: ReadonlySet<string>): boolean {
  if (node.type !== 'file' || databases.has(node.path) || (paths !== null && !paths.has(node.path))) return false;
  const stats = lstatSync(first + node.path, { throwIfNoEntry: false });
  return stats?.isFile() === true && comparable(node, { size: stats.size, mtime: Math.floor(stats.mtimeMs) });
}

/** All of it, if there is room; what was demanded has to fit. */
async function fits(snapshot: Snapshot, { root }: SecondPlaces, demanded: boolean, context: StepContext): Promise<boolean> {
  const { summary } = snapshot;
  try {
    await requireRoom(root, { files: summary?.totalFiles ?? 0, bytes: summary?.bytesProcessed ?? 0 }, context.signal);
    return true;
  } catch (error) {
    if (demanded || !(error instanceof HoldfastError) || error.code !== 'no-space') throw error;
    context.warn(`there is no room for a whole second copy: only ${FAR_FILES} files are compared`);
    return false;
  }
}

/**
 * Copies of a database that is being written to are each of their own moment, and carry the time of the live file, which a
 * write-ahead log leaves as it is: equal times say nothing about them.
 */
async function databasesOf({ databases, paths }: BackupConfig): Promise<ReadonlySet<string>> {
  const roots = await Promise.all(paths.map(async (path) => ({ path, real: await realOr(path) })));
  const seen = await Promise.all(
    databases.map(async ({ path }) => {
      const real = await realOr(path);
      return [
        path,
        real,
        ...roots.filter((root) => contains(root.real, real)).map((root) => join(root.path, real.slice(root.real.length))),
      ];
    }),
  );
  return new Set(seen.flat());
}
