// Temporary snapshots of btrfs subvolumes, each in a directory of its own subvolume. Several are taken one after another. btrfs knows
// neither properties nor holds: whose a snapshot is, is known by its name and by the UUID of what it was made from; and every user has
// snapshots of its own, which cost nothing.

import { existsSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SNAPSHOT_DIRECTORY, subvolumePieces } from '../../domain/snapshot-pieces.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { deleteSubvolume, listSubvolumes, showSubvolume, snapshotSubvolume } from '../../tools/btrfs/subvolume.ts';
import { untilFree } from './busy.ts';
import type { Origin, SnapshotProvider, SnapshotRecord } from './provider.ts';

const directoryIn = (origin: string): string => join(origin, SNAPSHOT_DIRECTORY);
const pathOf = ({ name }: SnapshotRecord, origin: string): string => join(directoryIn(origin), name);

export const btrfsSnapshots: SnapshotProvider = {
  kind: 'btrfs',
  shared: false,
  groupOf: () => '',
  async locate(part, mounts, signal) {
    const pieces = subvolumePieces(part, await listSubvolumes(part.at, signal), mounts);
    return pieces ? { pieces } : { unfrozen: 'only a part of its subvolume is mounted here' };
  },
  async identify(origin, signal) {
    const facts = await showSubvolume(origin, signal);
    if (facts?.uuid) return { name: origin, id: facts.uuid };
    const message = 'it is no subvolume, or has no UUID';
    throw new HoldfastError({ code: 'unsupported', operation: 'make a snapshot of', subject: origin, message });
  },
  async take(record, signal) {
    for (const { name } of record.origins) await takeOne(name, pathOf(record, name), signal); // oxlint-disable-line no-await-in-loop
  },
  join: (record) => {
    const message = 'snapshots of btrfs have one user each';
    return Promise.reject(new HoldfastError({ code: 'bug', operation: 'join', subject: record.name, message }));
  },
  sourceOf: (record, origin) => ({ path: pathOf(record, origin) }),
  namesOf: (record) => record.origins.map(({ name }) => pathOf(record, name)),
  async missing(record, signal) {
    const states = await Promise.all(record.origins.map((origin) => isOurs(record, origin, signal)));
    return record.origins.filter((_, index) => !states[index]).map(({ name }) => pathOf(record, name));
  },
  ownPlaces: (origin) => [directoryIn(origin)],
  async release(record, signal) {
    for (const origin of record.origins) await releaseOne(record, origin, signal); // oxlint-disable-line no-await-in-loop
  },
};

async function takeOne(origin: string, path: string, signal: AbortSignal): Promise<void> {
  for (let again = true; ; again = false) {
    /* oxlint-disable no-await-in-loop -- a second time at most: another job may have removed the empty directory just then */
    await makeDirectory(origin);
    try {
      await snapshotSubvolume(origin, path, signal);
      return;
    } catch (error) {
      if (!again || existsSync(directoryIn(origin))) throw error;
    }
    /* oxlint-enable no-await-in-loop */
  }
}

async function makeDirectory(origin: string): Promise<void> {
  const subject = directoryIn(origin);
  try {
    await mkdir(subject, { mode: 0o700, recursive: true });
  } catch (error) {
    throw new HoldfastError({
      code: errnoOf(error) === 'ENOSPC' ? 'no-space' : 'failed',
      operation: 'make the directory of snapshots',
      subject,
      message: error instanceof Error ? error.message : String(error),
      hint: 'A snapshot of btrfs lies in its own file system, which has to be mounted to be written to and must not be full.',
      retry: 'later',
      cause: error,
    });
  }
}

/** A read-only snapshot of that very subvolume, under the record's name. */
async function isOurs(record: SnapshotRecord, { name, id }: Origin, signal: AbortSignal): Promise<boolean> {
  const facts = await showSubvolume(pathOf(record, name), signal);
  return facts !== null && facts.readOnly && facts.parentUuid === id;
}

async function releaseOne(record: SnapshotRecord, origin: Origin, signal: AbortSignal): Promise<void> {
  await requireOrigin(origin, signal);
  const path = pathOf(record, origin.name);
  if (await isOurs(record, origin, signal)) await untilFree(path, () => isDeleted(path, signal), signal);
  try {
    await rmdir(directoryIn(origin.name));
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'EROFS'].includes(errnoOf(error) ?? '')) throw error; // another job's are in it
  }
}

async function isDeleted(path: string, signal: AbortSignal): Promise<boolean> {
  try {
    await deleteSubvolume(path, signal);
    return true;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'busy') return false;
    throw error;
  }
}

/** Where another file system is seen there now, nothing is known of what was left. */
async function requireOrigin({ name, id }: Origin, signal: AbortSignal): Promise<void> {
  const facts = await showSubvolume(name, signal);
  if (facts?.uuid === id) return;
  throw new HoldfastError({
    code: 'not-mounted',
    operation: 'look for the snapshots in',
    subject: name,
    message: `the subvolume that was seen at ${name} is not there, so a snapshot that was left in it stays there`,
    hint: `Mount it at ${name} again; the next run then removes it.`,
    retry: 'later',
  });
}
