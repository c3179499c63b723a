// What lies in a directory of units under names that Holdfast uses. Looks, changes nothing.

import type { Dirent } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../lib/errors.ts';
import { fileSystemFailure } from '../restore/file-system-failure.ts';

export type Found = { readonly kind: 'file'; readonly text: string } | { readonly kind: 'link'; readonly target: string };

/** By path, relative to the directory. */
export type FoundUnits = ReadonlyMap<string, Found>;

const OURS = /^holdfast(?:[-@].*)?\.(?:service|timer|slice)$/;
const DROP_IN = '50-holdfast.conf';

/** A directory that does not exist is empty. Throws `permission-denied` or `failed` where something cannot be read. */
export async function observeUnits(directory: string): Promise<FoundUnits> {
  const entries = await list(directory);
  const inside = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory() && /\.(?:d|wants)$/.test(entry.name))
      .map(async ({ name }) => {
        const wanted = name.endsWith('.d') ? (file: string): boolean => file === DROP_IN : (file: string) => OURS.test(file);
        const found = await list(join(directory, name));
        return found.filter((entry) => wanted(entry.name)).map((entry) => ({ entry, path: join(name, entry.name) }));
      }),
  );
  const candidates = [
    ...entries.filter(({ name }) => OURS.test(name)).map((entry) => ({ entry, path: entry.name })),
    ...inside.flat(),
  ];
  const found = await Promise.all(
    candidates.map(async ({ entry, path }) => [path, await look(directory, path, entry)] as const),
  );
  return new Map(found.flatMap(([path, seen]) => (seen ? [[path, seen] as const] : [])));
}

async function look(directory: string, path: string, entry: Dirent): Promise<Found | null> {
  const file = join(directory, path);
  try {
    if (entry.isSymbolicLink()) return { kind: 'link', target: await readlink(file) };
    return entry.isFile() ? { kind: 'file', text: await readFile(file, 'utf8') } : null;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null; // it is gone meanwhile
    throw fileSystemFailure(error, 'read', file, HINT);
  }
}

async function list(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw fileSystemFailure(error, 'list', directory, HINT);
  }
}

const HINT = 'Run it as root.';
