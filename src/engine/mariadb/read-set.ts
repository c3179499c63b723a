// A set of dumps of a MariaDB server that came back from a repository.

import { join } from 'node:path';
import * as z from 'zod';
import { GRANTS, type MariadbSet, USERS } from '../../domain/mariadb-dumps.ts';
import { isComplete } from '../../tools/mariadb/dump.ts';
import { fileInManifest, notWhole, readManifest, requireFiles, sizeInManifest } from '../dumps/restored-set.ts';

export const mariadbManifest = z.object({
  version: z.literal(1),
  kind: z.literal('mariadb'),
  server: z.object({
    version: z.string(),
    charset: z.string(),
    collation: z.string(),
    lowerCaseTableNames: z.number().int(),
  }),
  databases: z.array(
    z.object({
      name: z.string().min(1),
      charset: z.string(),
      collation: z.string(),
      comment: z.string(),
      size: sizeInManifest,
      file: fileInManifest,
      bytes: sizeInManifest,
    }),
  ),
});

/** Throws `not-restored` where it is not whole. `only`: the dump of no other database need be there. */
export async function readMariadbSet(directory: string, subject: string, only?: string): Promise<MariadbSet> {
  const set: MariadbSet = await readManifest(mariadbManifest, directory, subject);
  const needed = set.databases.filter(({ name }) => only === undefined || name === only).map(({ file }) => file);
  await requireFiles(directory, only === undefined ? [USERS, GRANTS, ...needed] : needed, subject);
  for (const file of needed)
    if (!(await isComplete(join(directory, file))))
      throw notWhole(subject, `${file} is cut off: its last line is not there`);
  return set;
}
