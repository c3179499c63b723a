// `restic find --pack`: which files of which snapshots lie in packs. It knows damaged packs by their own list of content, and
// missing ones by the index; where that list is damaged it gives up (0.18 and 0.19), and has to be asked by blob. What it
// cannot follow is said in plain lines between the JSON.

import * as z from 'zod';
import type { Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from './access.ts';
import { plainLines } from './error-lines.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { fullId, parseDocument } from './json-lines.ts';

export interface FindPacksRequest {
  /** Full names, at least one. Those that the index does not know either hold nothing that a snapshot refers to. */
  readonly packs: readonly string[];
  readonly retryLock?: Duration | undefined;
}

export interface PacksInUse {
  /** By snapshot id, the paths of which something lies in the packs. */
  readonly paths: ReadonlyMap<string, ReadonlySet<string>>;
  /** Snapshots of which a directory cannot be read: what lies below it is not known. */
  readonly unreadable: ReadonlySet<string>;
}

const OPERATION = 'find what lies in packs of';

/** The repository itself is asked: in the cache a damaged directory may still be whole. */
export const findPacksArgs = (packs: readonly string[]): string[] => ['find', '--no-cache', '--pack', '--', ...packs];

export const findBlobsArgs = (blobs: readonly string[]): string[] => ['find', '--no-cache', '--blob', '--', ...blobs];

const foundObjects = z.array(z.object({ path: z.string(), snapshot: fullId })).nullable();

/** Stands anywhere between the finds; in JSON a line break is escaped, so it is never part of a path. */
const NOT_FOLLOWED = /Unable to load tree [0-9a-f]{64}\n \.\.\. which belongs to snapshot ([0-9a-f]{64})\n/g;

/** Throws `tool-output`. */
export function parseFindPacks(stdout: string, subject: string): PacksInUse {
  const unreadable = new Set<string>();
  const json = stdout.replaceAll(NOT_FOLLOWED, (_, snapshot: string) => {
    unreadable.add(snapshot);
    return '';
  });
  const paths = new Map<string, Set<string>>();
  for (const { path, snapshot } of parseDocument(json, foundObjects, OPERATION, subject) ?? []) {
    const known = paths.get(snapshot) ?? new Set();
    paths.set(snapshot, known.add(path));
  }
  return { paths, unreadable };
}

/** Those that restic knows nothing of, from its refusal; none when it says something else. */
export function parseUnknownPacks(stderrTail: readonly string[]): string[] {
  const list = /unable to find pack\(s\): \[([0-9a-f ]+)\]/.exec(plainLines(stderrTail).join('\n'))?.[1];
  return list === undefined ? [] : list.split(' ');
}

/** Walks every snapshot. */
export async function resticFindPacks(
  access: ResticAccess,
  { packs, retryLock }: FindPacksRequest,
  options: ResticOptions,
): Promise<PacksInUse> {
  try {
    const args = findPacksArgs(packs);
    const { stdout } = await invokeRestic(access, { args, operation: OPERATION, retryLock }, options);
    return parseFindPacks(stdout, access.subject);
  } catch (error) {
    // it refuses all of them for the sake of one
    const unknown = error instanceof HoldfastError ? new Set(parseUnknownPacks(error.tool?.stderrTail ?? [])) : null;
    const known = packs.filter((pack) => !unknown?.has(pack));
    if (!unknown || known.length === packs.length) throw error;
    if (known.length === 0) return { paths: new Map(), unreadable: new Set() };
    return await resticFindPacks(access, { packs: known, retryLock }, options);
  }
}

/** Walks every snapshot for pieces of files, by their full names; at least one. */
export async function resticFindBlobs(
  access: ResticAccess,
  { blobs, retryLock }: { readonly blobs: readonly string[]; readonly retryLock?: Duration | undefined },
  options: ResticOptions,
): Promise<PacksInUse> {
  const args = findBlobsArgs(blobs);
  const { stdout } = await invokeRestic(access, { args, operation: OPERATION, retryLock }, options);
  return parseFindPacks(stdout, access.subject);
}
