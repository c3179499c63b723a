// Whether a directory holds the data of a MariaDB server: told from the system database, without which none starts. Nothing here changes
// anything.

import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../../lib/errors.ts';

/** As the states of a PostgreSQL data directory. */
export type MariadbDirectory =
  | { readonly state: 'absent' }
  | { readonly state: 'empty' }
  | { readonly state: 'valid'; /** Of what is in it: of databases too. */ readonly names: readonly string[] }
  | { readonly state: 'partial'; readonly why: string }
  | { readonly state: 'unknown'; readonly why: string };

/** The database in which the server keeps its users; MySQL 8 has it in a file. */
const SYSTEM = ['mysql', 'mysql.ibd'] as const;

/** They belong to the file system, or to the package, not to the server. */
const NO_DATA = /^(?:lost\+found|\..*|debian-.*\.flag)$/;

/** Never throws for what it finds: what cannot be looked at is `unknown`. */
export async function mariadbDirectory(directory: string): Promise<MariadbDirectory> {
  try {
    return await look(directory);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno === 'ENOENT'
      ? await nothingBehind(directory)
      : { state: 'unknown', why: `it cannot be looked at (${errno})` };
  }
}

async function look(directory: string): Promise<MariadbDirectory> {
  if (!(await stat(directory)).isDirectory()) return { state: 'partial', why: 'it is no directory' };
  const names = (await readdir(directory)).filter((name) => !NO_DATA.test(name));
  const [first] = names;
  if (first === undefined) return { state: 'empty' };
  if (!SYSTEM.some((name) => names.includes(name))) {
    const what = names.length === 1 ? first : `${first} and ${names.length - 1} more`;
    return { state: 'partial', why: `the database mysql, in which a server keeps its users, is not there, but ${what}` };
  }
  if (names.includes('mysql') && (await readdir(join(directory, 'mysql'))).length === 0)
    return { state: 'partial', why: 'the database mysql, in which a server keeps its users, is empty' };
  return { state: 'valid', names: names.toSorted() };
}

/** A link that leads nowhere is something: what it leads to may not be mounted. */
async function nothingBehind(directory: string): Promise<MariadbDirectory> {
  try {
    return { state: 'unknown', why: `it is a link to ${await readlink(directory)}, where nothing is` };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { state: 'absent' };
    throw error;
  }
}
