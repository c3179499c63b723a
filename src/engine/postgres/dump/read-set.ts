// A set of dumps of a PostgreSQL server that came back from a repository.

import * as z from 'zod';
import { type DumpSet, GLOBALS } from '../../../domain/database-dumps.ts';
import { fileInManifest, readManifest, requireFiles, sizeInManifest } from '../../dumps/restored-set.ts';

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
      size: sizeInManifest,
      file: fileInManifest,
      bytes: sizeInManifest,
    }),
  ),
});

/** Throws `not-restored` where it is not whole. `only`: the dump of no other database need be there. */
export async function readSet(directory: string, subject: string, only?: string): Promise<DumpSet> {
  const set: DumpSet = await readManifest(shape, directory, subject);
  const needed = set.databases.filter(({ name }) => only === undefined || name === only).map(({ file }) => file);
  await requireFiles(directory, [GLOBALS, ...needed], subject);
  return set;
}
