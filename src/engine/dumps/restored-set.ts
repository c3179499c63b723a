// A set of dumps that came back from a repository, by what its manifest says, of whatever kind of server.

import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import { MANIFEST } from '../../domain/database-dumps.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';

/** A number of bytes in a manifest. */
export const sizeInManifest = z
  .number()
  .int()
  .nonnegative()
  .transform((value) => value as Bytes); // as the manifest was written

/** The name of a dump in a manifest. */
export const fileInManifest = z.string().regex(/^[^/]+$/);

/** Throws `not-restored` where it is not there, or of another shape. */
export async function readManifest<Set>(shape: z.ZodType<Set>, directory: string, subject: string): Promise<Set> {
  const parsed = shape.safeParse(await manifestIn(directory));
  if (!parsed.success) throw notWhole(subject, `its manifest (${MANIFEST}) is not there, or is none`);
  return parsed.data;
}

/** Throws `not-restored` for the first that is not there. */
export async function requireFiles(directory: string, files: readonly string[], subject: string): Promise<void> {
  for (const file of files) {
    // oxlint-disable-next-line no-await-in-loop -- a handful
    if (!(await isThere(join(directory, file)))) throw notWhole(subject, `${file} is not there`);
  }
}

/** The one that is wanted. Throws `not-restored` where the copy does not hold it. */
export function databaseIn<Database extends { readonly name: string }>(
  databases: readonly Database[],
  name: string,
  service: string,
): Database {
  const found = databases.find((each) => each.name === name);
  if (found) return found;
  throw new HoldfastError({
    code: 'not-restored',
    operation: 'restore a database of',
    subject: service,
    message: `the copy holds no database ${name}; it holds ${databases.map((each) => each.name).join(', ')}`,
    hint: 'Name one of these, or another copy with --snapshot or --at.',
  });
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function manifestIn(directory: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(directory, MANIFEST), 'utf8'));
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return null;
  }
}

export const notWhole = (subject: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'read the dumps of',
    subject,
    message,
    hint: 'Try an older copy: `holdfast snapshots` lists them. What is there comes back with --to DIR.',
    retry: 'later',
  });
