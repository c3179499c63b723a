// `restic find`: in which snapshots something is, by name or pattern.

import * as z from 'zod';
import type { Duration } from '../../domain/duration.ts';
import type { ResticAccess } from './access.ts';
import type { ResticOptions } from './invoke.ts';
import { fullId, parseDocument } from './json-lines.ts';
import { nodeShape, type SnapshotNode, toNode } from './node.ts';
import { damagedSnapshots, readSnapshots, selection } from './snapshots.ts';

export interface FindRequest {
  /** restic's patterns; one with a slash is compared with the whole path. */
  readonly patterns: readonly string[];
  /** Only in these; in all that `host` and `tags` select when empty. */
  readonly snapshotIds?: readonly string[];
  readonly host?: string | undefined;
  /** A snapshot must have all of them. */
  readonly tags?: readonly string[];
  readonly ignoreCase?: boolean;
  readonly retryLock?: Duration | undefined;
}

export interface Found {
  readonly snapshotId: string;
  readonly matches: readonly SnapshotNode[];
}

const OPERATION = 'find files in';

export const findArgs = (request: FindRequest): string[] => [
  'find',
  ...selection(request),
  ...(request.snapshotIds ?? []).map((id) => `--snapshot=${id}`),
  ...(request.ignoreCase ? ['--ignore-case'] : []),
  '--',
  ...request.patterns,
];

const foundList = z.array(z.object({ snapshot: fullId, matches: z.array(nodeShape).nullable() })).nullable();

/** Newest snapshot first, as restic prints them. Throws `tool-output`. */
export const parseFind = (stdout: string, subject: string): Found[] =>
  (parseDocument(stdout, foundList, OPERATION, subject) ?? []).map(({ snapshot, matches }) => ({
    snapshotId: snapshot,
    matches: (matches ?? []).map(toNode),
  }));

/** Looks for files. Throws `repository-damaged` when restic passed over a snapshot that it could not read. */
export async function resticFind(access: ResticAccess, request: FindRequest, options: ResticOptions): Promise<Found[]> {
  const { stdout, damaged } = await readSnapshots(
    access,
    { args: findArgs(request), operation: OPERATION, retryLock: request.retryLock },
    options,
  );
  if (damaged.length > 0) throw damagedSnapshots(OPERATION, access.subject, damaged);
  return parseFind(stdout, access.subject);
}
