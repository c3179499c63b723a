// `restic snapshots`: what a repository holds. An empty list is restic's positive answer that nothing matches.

import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import type { Duration } from '../../domain/duration.ts';
import { type Instant, parseInstant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from './access.ts';
import { damagedSnapshot } from './error-lines.ts';
import { type Invocation, invokeRestic, type ResticOptions } from './invoke.ts';
import { fullId, parseDocument, unexpectedOutput } from './json-lines.ts';

export interface SnapshotSummary {
  readonly totalFiles: number;
  readonly bytesProcessed: Bytes;
  readonly bytesAdded: Bytes;
}

export interface Snapshot {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly shortId: string;
  readonly time: Instant;
  /** As recorded, with the offset of the host that made it: days and months of retention are those of that clock. */
  readonly timeText: string;
  readonly host: string;
  readonly user: string;
  readonly tags: readonly string[];
  readonly paths: readonly string[];
  readonly tree: string;
  readonly parent: string | null;
  readonly programVersion: string | null;
  /** Null for snapshots made before restic 0.17. */
  readonly summary: SnapshotSummary | null;
}

export interface SnapshotsRequest {
  readonly host?: string | undefined;
  /** A snapshot must have all of them. */
  readonly tags?: readonly string[];
  /** Full or short ids; each must exist. */
  readonly ids?: readonly string[];
  readonly retryLock?: Duration | undefined;
}

const OPERATION = 'list the snapshots of';

export const snapshotsArgs = (request: SnapshotsRequest): string[] => [
  'snapshots',
  ...selection(request),
  ...idArguments(request),
];

const idArguments = (request: SnapshotsRequest): string[] =>
  request.ids && request.ids.length > 0 ? ['--', ...request.ids] : [];

/** `--host` and one `--tag` with all tags: repeated --tag would mean any of them. */
export const selection = (request: Pick<SnapshotsRequest, 'host' | 'tags'>): string[] => [
  ...(request.host === undefined ? [] : [`--host=${request.host}`]),
  ...(request.tags && request.tags.length > 0 ? [`--tag=${request.tags.join(',')}`] : []),
];

const count = z.number().int().nonnegative();
const strings = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
export const snapshotShape = z.object({
  id: fullId,
  short_id: z.string(),
  time: z.string(),
  tree: fullId,
  hostname: z.string().default(''),
  username: z.string().default(''),
  tags: strings,
  paths: strings,
  parent: fullId.optional(),
  program_version: z.string().optional(),
  summary: z.object({ total_files_processed: count, total_bytes_processed: count, data_added: count }).nullish(),
});
const snapshotList = z.array(snapshotShape).nullable(); // restic prints null where Go has no slice

/** The snapshots in restic's order (oldest first). Throws `tool-output`. */
export function parseSnapshots(stdout: string, subject: string): Snapshot[] {
  return (parseDocument(stdout, snapshotList, OPERATION, subject) ?? []).map((raw) => toSnapshot(raw, OPERATION, subject));
}

export function toSnapshot(raw: z.infer<typeof snapshotShape>, operation: string, subject: string): Snapshot {
  const time = parseInstant(raw.time);
  if (time === null)
    throw unexpectedOutput(operation, subject, `restic printed a snapshot with the time ${JSON.stringify(raw.time)}`);
  return {
    id: raw.id,
    shortId: raw.short_id,
    time,
    timeText: raw.time,
    host: raw.hostname,
    user: raw.username,
    tags: raw.tags,
    paths: raw.paths,
    tree: raw.tree,
    parent: raw.parent ?? null,
    programVersion: raw.program_version ?? null,
    summary: raw.summary
      ? {
          totalFiles: raw.summary.total_files_processed,
          bytesProcessed: raw.summary.total_bytes_processed as Bytes, // restic counts bytes
          bytesAdded: raw.summary.data_added as Bytes,
        }
      : null,
  };
}

export interface SnapshotsOptions extends ResticOptions {
  /** Told the ids of snapshots that restic could not read; without it they are an error. */
  readonly onDamaged?: (ids: readonly string[]) => void;
}

/**
 * Lists snapshots, oldest first. Opens the repository once (about 0.5 s CPU), however many there are. Throws
 * `repository-damaged` when restic passed over one that it could not read, unless `onDamaged` takes that.
 */
export async function resticSnapshots(
  access: ResticAccess,
  request: SnapshotsRequest,
  options: SnapshotsOptions,
): Promise<Snapshot[]> {
  const { stdout, damaged } = await readSnapshots(
    access,
    { args: snapshotsArgs(request), operation: OPERATION, brief: true, retryLock: request.retryLock },
    options,
  );
  if (damaged.length > 0) {
    if (!options.onDamaged) throw damagedSnapshots(OPERATION, access.subject, damaged);
    options.onDamaged(damaged);
  }
  // restic takes an empty selection as its own rules say: the answer is checked
  return parseSnapshots(stdout, access.subject).filter(
    (snapshot) =>
      (request.host === undefined || snapshot.host === request.host) &&
      (request.tags ?? []).every((tag) => snapshot.tags.includes(tag)),
  );
}

/** A call that reads many snapshots, and the ids of those that restic could not read: it passes over them with exit code 0. */
export async function readSnapshots(
  access: ResticAccess,
  invocation: Invocation,
  options: ResticOptions,
): Promise<{ readonly stdout: string; readonly damaged: readonly string[] }> {
  const damaged: string[] = [];
  const onErrorLine = (line: string): void => {
    const id = damagedSnapshot(line);
    if (id !== null) damaged.push(id);
  };
  const { stdout } = await invokeRestic(access, { ...invocation, onErrorLine }, options);
  return { stdout, damaged };
}

export const damagedSnapshots = (operation: string, subject: string, ids: readonly string[]): HoldfastError =>
  new HoldfastError({
    code: 'repository-damaged',
    operation,
    subject,
    message: `restic cannot read ${ids.length} of the snapshots: ${ids.map((id) => id.slice(0, 8)).join(', ')}`,
    hint: 'Do not prune. Keep the other copies, and let `restic check` tell what is damaged.',
  });
