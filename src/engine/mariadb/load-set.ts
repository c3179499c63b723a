// The databases of a set into a server, with the users that it lacks: into one in service, or into a private one that has nothing yet.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { duration } from '../../domain/duration.ts';
import { GRANTS, USERS } from '../../domain/mariadb-dumps.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { ACCOUNTS_QUERY, keyOf, parseAccounts, readStatements, standInFor } from '../../tools/mariadb/accounts.ts';
import { ask, type MariadbAddress } from '../../tools/mariadb/client.ts';

/** Long enough for what waits for nobody, short enough to be noticed. */
export const BRIEF = duration(2, 'm');

export interface NewAccounts {
  /** Those that were made. */
  readonly names: readonly string[];
  /** What could not be made: a plugin that checks passwords is not there. */
  readonly refused: readonly string[];
  /** Gives them what they may do, when the databases are there; answers with what could not be given. */
  grant(signal: AbortSignal): Promise<string[]>;
}

interface AccountsOrder {
  readonly directory: string;
  /** For errors. */
  readonly subject: string;
  /** One that cannot be made as it was is made so that nobody can log in as it: what is of it can be read then. */
  readonly standIns: boolean;
}

/** Makes users and roles that are not there; one that is there is never changed. */
export async function makeAccounts(
  address: MariadbAddress,
  { directory, subject, standIns }: AccountsOrder,
  signal: AbortSignal,
): Promise<NewAccounts> {
  const there = new Set(parseAccounts(await ask(address, ACCOUNTS_QUERY, { subject, timeout: BRIEF, signal })).map(keyOf));
  const missing = async (file: string): Promise<ReturnType<typeof readStatements>> =>
    readStatements(await readFile(join(directory, file), 'utf8')).filter(({ account }) => !there.has(keyOf(account)));
  const run = async (statement: string, until: AbortSignal): Promise<string | null> =>
    await ask(address, `${statement};\n`, { subject, timeout: BRIEF, signal: until }).then(() => null, refusalOf);
  const runAll = async (statements: readonly string[], until: AbortSignal): Promise<string[]> => {
    const refused: string[] = [];
    for (const each of statements) {
      const why = await run(each, until); // oxlint-disable-line no-await-in-loop -- in their order
      if (why !== null) refused.push(why);
    }
    return refused;
  };
  const names: string[] = [];
  const refused: string[] = [];
  for (const { account, statements } of await missing(USERS)) {
    /* oxlint-disable no-await-in-loop -- in their order: roles first */
    const name = account.host === '' ? account.user : `${account.user}@${account.host}`;
    const why = await runAll(statements.map(orFail), signal);
    if (why.length === 0) names.push(name);
    else {
      refused.push(`${name} was not made: ${why.join('; ')}`);
      if (standIns) await run(standInFor(account), signal);
      else there.add(keyOf(account)); // nobody to be given rights
    }
    /* oxlint-enable no-await-in-loop */
  }
  const grants = (await missing(GRANTS)).flatMap(({ statements }) => statements);
  return {
    names,
    refused,
    grant: async (until) => (await runAll(grants, until)).map((why) => `a right was not given: ${why}`),
  };
}

/** The server takes one for existing of which it has nothing but a right that was left. */
const orFail = (statement: string): string => statement.replace(/^(CREATE (?:USER|ROLE)) IF NOT EXISTS /, '$1 ');

/** The right to a table that is not in the copy cannot be given. */
function refusalOf(error: unknown): string {
  if (error instanceof HoldfastError && (error.code === 'tool-failed' || error.code === 'permission-denied'))
    return error.message;
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
