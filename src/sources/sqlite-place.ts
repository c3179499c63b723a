// Where a declared SQLite database really is, and where restic sees it.

import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, HoldfastError } from '../lib/errors.ts';
import { contains } from '../lib/path.ts';
import { failure, messageOf } from './sqlite-failure.ts';

/** What SQLite keeps beside a database. */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/** A declared path that restic goes into, and where it really lies. */
export interface Root {
  readonly path: string;
  readonly real: string;
}

/** restic follows links on the way to a declared path; of one that is itself a link it saves only the link. */
export async function rootsOf(paths: readonly string[]): Promise<Root[]> {
  const roots = await Promise.all(paths.map(rootOf));
  return roots.filter((root) => root !== null);
}

async function rootOf(path: string): Promise<Root | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? null : { path, real: await realpath(path) };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null; // it leads nowhere; restic will say so
  }
}

/** Where in the snapshot the real file is found. Throws `config` when no declared path leads to it without a link. */
export function seenAt(database: string, live: string, roots: readonly Root[]): string {
  const root = roots.find(({ real }) => real === live || contains(real, live));
  if (root) return join(root.path, live.slice(root.real === '/' ? 0 : root.real.length));
  throw failure(database, 'config', `it really is ${live}, which no declared path leads to without a symbolic link`);
}

/** Without links. Throws `source-missing`, `permission-denied` or `source-incomplete`. */
export async function liveFile(path: string): Promise<string> {
  try {
    const live = await realpath(path);
    if ((await lstat(live)).isFile()) return live;
    throw failure(path, 'source-missing', 'it is not a regular file');
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') throw failure(path, 'source-missing', 'there is no such file', error);
    if (errno === 'EACCES') throw failure(path, 'permission-denied', 'this user may not look there', error);
    throw failure(path, 'source-incomplete', messageOf(error), error);
  }
}
