// The databases of a set into a server, with the users that it lacks: into one in service, or into a private one that has nothing yet.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { duration } from '../../domain/duration.ts';
import { GRANTS, USERS } from '../../domain/mariadb-dumps.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { ACCOUNTS_QUERY, keyOf, parseAccounts, readStatements } from '../../tools/mariadb/accounts.ts';
import { ask, type MariadbAddress } from '../../tools/mariadb/client.ts';

/** Long enough for what waits for nobody, short enough to be noticed. */
export const BRIEF = duration(2, 'm');

export interface NewAccounts {
  /** Those that were made. */
  readonly names: readonly string[];
  /** Gives them what they may do, when the databases are there; answers with what could not be given. */
  grant(signal: AbortSignal): Promise<string[]>;
}

/** Makes users and roles that are not there; one that is there is never changed. */
export async function makeAccounts(
  address: MariadbAddress,
  directory: string,
  subject: string,
  signal: AbortSignal,
): Promise<NewAccounts> {
  const options = { subject, timeout: BRIEF };
  const there = new Set(parseAccounts(await ask(address, ACCOUNTS_QUERY, { ...options, signal })).map(keyOf));
  const missing = async (file: string): Promise<ReturnType<typeof readStatements>> =>
    readStatements(await readFile(join(directory, file), 'utf8')).filter(({ account }) => !there.has(keyOf(account)));
  const users = await missing(USERS);
  const creations = users.flatMap(({ statements }) => statements);
  if (creations.length > 0) await ask(address, creations.map((each) => `${each};\n`).join(''), { ...options, signal });
  const grants = (await missing(GRANTS)).flatMap(({ statements }) => statements);
  return {
    names: users.map(({ account: { user, host } }) => (host === '' ? user : `${user}@${host}`)),
    async grant(until) {
      const refused: string[] = [];
      for (const each of grants) {
        const error = await ask(address, `${each};\n`, { ...options, signal: until }).then(() => null, toolFailure); // oxlint-disable-line no-await-in-loop -- in their order
        if (error !== null) refused.push(error.message);
      }
      return refused;
    },
  };
}

/** The right to a table that is not in the copy cannot be given. */
function toolFailure(error: unknown): HoldfastError {
  if (error instanceof HoldfastError && (error.code === 'tool-failed' || error.code === 'permission-denied')) return error;
  throw error;
}

/**
 * One after the other, and again as long as that helps: a view of one database may need a table of another one, whatever they are called.
 * `load` leaves nothing of one that it throws `not-restored` for.
 */
export async function loadInSomeOrder<Database>(
  databases: readonly Database[],
  load: (database: Database) => Promise<void>,
): Promise<void> {
  let waiting = databases;
  while (waiting.length > 0) {
    const failed: { readonly database: Database; readonly error: HoldfastError }[] = [];
    for (const database of waiting) {
      try {
        await load(database); // oxlint-disable-line no-await-in-loop -- each with all that the machine has
      } catch (error) {
        if (!(error instanceof HoldfastError) || error.code !== 'not-restored') throw error;
        failed.push({ database, error });
      }
    }
    const [first] = failed;
    if (first && failed.length === waiting.length) throw first.error;
    waiting = failed.map(({ database }) => database);
  }
}
