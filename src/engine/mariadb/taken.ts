// What stands in the way of a load: a database that has something in it.

import { HoldfastError } from '../../lib/errors.ts';
import type { MariadbCatalogue } from '../../tools/mariadb/catalogue.ts';
import { ask, literal, type MariadbAddress } from '../../tools/mariadb/client.ts';

/** Tables, views, sequences, routines and events: whatever a database has. */
const CONTENT = `SELECT table_schema FROM information_schema.tables UNION SELECT routine_schema FROM information_schema.routines
UNION SELECT event_schema FROM information_schema.events`;

/** Throws `refused` where one of them is there, and not empty. */
export async function requireEmpty(
  subject: string,
  server: MariadbAddress,
  { databases }: Pick<MariadbCatalogue, 'databases'>,
  wanted: readonly { readonly name: string }[],
  signal: AbortSignal,
): Promise<void> {
  const there = wanted.filter(({ name }) => databases.some((each) => each.name === name));
  if (there.length === 0) return;
  const names = there.map(({ name }) => literal(name)).join(', ');
  const full = await ask(server, `SELECT * FROM (${CONTENT}) all_of WHERE table_schema IN (${names}) ORDER BY 1;`, {
    signal,
    subject,
  });
  const [first] = full;
  if (first === undefined) return;
  throw new HoldfastError({
    code: 'refused',
    operation: 'restore the databases of',
    subject,
    message: `the server has ${full.join(', ')}, and what is in ${full.length === 1 ? 'it' : 'them'} is not replaced: MariaDB cannot exchange one database for another`,
    hint: `Load one beside what is there: --database ${first} --as ${first}_then. Or DROP DATABASE what is no longer wanted (it is in the last backup), and restore again.`,
  });
}
