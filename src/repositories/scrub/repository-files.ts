// Which files of a repository on a local path are named after their content, in an order that is always the same, so that a
// scrub can go on where it stopped. Lists directory by directory: however large the repository is, no list of it is made.

import { type Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isInSlice, type Slice } from '../../domain/verification.ts';
import { untilAborted } from '../../lib/abort.ts';
import { errnoOf } from '../../lib/errors.ts';

export interface RepositoryFile {
  /** 'data/<64 hex>', as flaws name it. */
  readonly item: string;
  readonly path: string;
  /** Also a link, which restic follows; anything else cannot be a file of a repository. */
  readonly regular: boolean;
}

/** Looked at in this order. */
export const DIRECTORIES = ['keys', 'index', 'snapshots', 'data'] as const;

const NAME = /^[0-9a-f]{64}$/;
const SHARD = /^[0-9a-f]{2}$/;

/** Whether the first item comes after the second. */
export function comesAfter(item: string, other: string): boolean {
  const rank = (name: string): number => DIRECTORIES.findIndex((directory) => name.startsWith(`${directory}/`));
  return rank(item) === rank(other) ? item > other : rank(item) > rank(other);
}

/**
 * The files of the slice (and all that are no data) that come after `after`. What has another name (an upload that was broken
 * off, somebody's notes) is told to `onStranger`: nothing refers to it. Throws the errno of a directory that cannot be listed;
 * a part of data/ that does not exist holds nothing.
 */
export async function* repositoryFiles(
  directory: string,
  slice: Slice,
  { after, signal, onStranger }: { after: string | null; signal: AbortSignal; onStranger: (path: string) => void },
): AsyncGenerator<RepositoryFile> {
  for (const kind of DIRECTORIES) {
    const root = join(directory, kind);
    const folders = kind === 'data' ? await shardsOf(root, slice, signal) : [root]; // oxlint-disable-line no-await-in-loop -- in order
    for (const folder of folders) {
      if (kind === 'data' && after !== null && !comesAfter(`data/${folder.slice(-2)}g`, after)) continue; // all before it
      const entries = await entriesOf(folder, signal); // oxlint-disable-line no-await-in-loop -- in order
      for (const entry of entries) {
        const path = join(folder, entry.name);
        const item = `${kind}/${entry.name}`;
        if (!NAME.test(entry.name)) onStranger(path);
        else if (after === null || comesAfter(item, after))
          yield { item, path, regular: entry.isFile() || entry.isSymbolicLink() };
      }
    }
  }
}

async function shardsOf(root: string, slice: Slice, signal: AbortSignal): Promise<string[]> {
  const names = (await entriesOf(root, signal)).map(({ name }) => name);
  return names.filter((name) => SHARD.test(name) && isInSlice(name, slice)).map((name) => join(root, name));
}

async function entriesOf(folder: string, signal: AbortSignal): Promise<Dirent[]> {
  try {
    const entries = await untilAborted(readdir(folder, { withFileTypes: true }), signal);
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []; // whether the repository is still there is asked at the end
    throw error;
  }
}
