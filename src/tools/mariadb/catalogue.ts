// Which databases a MariaDB server has, asked with its client.

import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import { duration } from '../../domain/duration.ts';
import { type MariadbDatabase, type MariadbSettings, unsupported } from '../../domain/mariadb-dumps.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { parseJson } from '../../lib/json.ts';
import { ask, type MariadbAddress } from './client.ts';

export interface MariadbCatalogue {
  /** `10.11.19-MariaDB-0+deb12u1`. */
  readonly version: string;
  readonly settings: MariadbSettings;
  readonly databases: readonly MariadbDatabase[];
}

/** Text of its own for each line: a line break in a name is `\n` in JSON. */
const QUERY = `SELECT JSON_OBJECT('version', @@version, 'charset', @@global.character_set_server,
  'collation', @@global.collation_server, 'lowerCaseTableNames', @@lower_case_table_names);
SELECT JSON_OBJECT('name', s.schema_name, 'charset', s.default_character_set_name, 'collation', s.default_collation_name,
  'comment', s.schema_comment, 'size', COALESCE(t.size, 0), 'unsafe', COALESCE(t.unsafe, 0),
  'versioned', COALESCE(t.versioned, 0))
FROM information_schema.schemata s LEFT JOIN (
  SELECT table_schema, SUM(COALESCE(data_length, 0) + COALESCE(index_length, 0)) AS size,
    SUM(e.engine IS NOT NULL AND e.transactions <> 'YES') AS unsafe,
    SUM(table_type = 'SYSTEM VERSIONED') AS versioned
  FROM information_schema.tables LEFT JOIN information_schema.engines e USING (engine)
  WHERE table_schema NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys') GROUP BY table_schema
) t ON t.table_schema = s.schema_name ORDER BY s.schema_name;
`;

const server = z.object({
  version: z.string(),
  charset: z.string(),
  collation: z.string(),
  lowerCaseTableNames: z.number().int(),
});
const database = z.object({
  name: z.string(),
  charset: z.string(),
  collation: z.string(),
  comment: z.string(),
  size: z.number().transform((value) => value as Bytes), // MariaDB tells bytes
  unsafe: z.number().int(),
  versioned: z.number().int(),
});

/** Throws as `ask`, `unsupported` for a server that is none of MariaDB, or too old. */
export async function mariadbCatalogue(
  address: MariadbAddress,
  subject: string,
  signal: AbortSignal,
): Promise<MariadbCatalogue> {
  const version = (await ask(address, 'SELECT @@version;', { signal, subject })).join('');
  const why = unsupported(version);
  if (why !== null) throw notOurs(subject, why);
  return parseCatalogue(await ask(address, QUERY, { signal, subject, timeout: duration(5, 'm') })); // it opens every table
}

/** Throws `tool-output`. */
export function parseCatalogue([first = '', ...rest]: readonly string[]): MariadbCatalogue {
  const about = server.safeParse(parseJson(first));
  const databases = z.array(database).safeParse(rest.map((line) => parseJson(line)));
  if (about.success && databases.success) {
    const { version, ...settings } = about.data;
    return { version, settings, databases: databases.data };
  }
  throw new HoldfastError({
    code: 'tool-output',
    operation: 'ask',
    subject: 'the MariaDB server',
    message: 'mariadb did not say which databases there are',
    cause: about.error ?? databases.error,
  });
}

const notOurs = (subject: string, message: string): HoldfastError =>
  new HoldfastError({
    code: 'unsupported',
    operation: 'ask',
    subject,
    message,
    hint: 'What is not known to come back is not taken for a backup. A `before` hook that dumps it into a path of the service is the way.',
  });
