// A set of dumps that came back from a repository, by what its manifest says.

import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Bytes } from '../../../domain/bytes.ts';
import { type DumpSet, GLOBALS, MANIFEST } from '../../../domain/database-dumps.ts';
import { errnoOf, HoldfastError } from '../../../lib/errors.ts';

const size = z
  .number()
  .int()
  .nonnegative()
  .transform((value) => value as Bytes); // as the manifest was written

const shape = z.object({
  version: z.literal(1),
  server: z.object({ version: z.string(), systemId: z.string() }),
  role: z.string().min(1),
  tablespaces: z.array(z.string()),
  databases: z.array(
    z.object({
      name: z.string().min(1),
      owner: z.string(),
      encoding: z.string(),
      collate: z.string(),
      ctype: z.string(),
      provider: z.string(),
      locale: z.string().nullable(),
      rules: z.string().nullable(),
      size,
      file: z.string().regex(/^[^/]+$/),
      bytes: size,
    }),
  ),
});

/** Throws `not-restored` where it is not whole. `only`: the dump of no other database need be there. */
export async function readSet(directory: string, subject: string, only?: string): Promise<DumpSet> {
  const parsed = shape.safeParse(await manifestIn(directory));
  if (!parsed.success) throw notWhole(subject, `its manifest (${MANIFEST}) is not there, or is none`);
  const set: DumpSet = parsed.data;
  const needed = set.databases.filter(({ name }) => only === undefined || name === only).map(({ file }) => file);
  for (const file of [GLOBALS, ...needed]) {
    // oxlint-disable-next-line no-await-in-loop -- a handful
    if (!(await isThere(join(directory, file)))) throw notWhole(subject, `${file} is not there`);
  }
  return set;
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

const notWhole = (subject: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'not-restored',
    operation: 'read the dumps of',
    subject,
    message,
    hint: 'Try an older copy: `holdfast snapshots` lists them. What is there comes back with --to DIR.',
    retry: 'later',
  });
