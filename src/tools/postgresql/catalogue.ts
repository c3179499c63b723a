// Which databases a server has, asked with psql. Columns differ between versions, so whole rows are asked for.

import { parseJson } from '../../lib/json.ts';
import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import type { ServerDatabase } from '../../domain/database-dumps.ts';
import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { askLiveServer, type LiveServer } from './live-server.ts';

export interface Catalogue {
  /** `15.18`. */
  readonly version: string;
  /** `15`, or `9.6`. */
  readonly major: string;
  /** Above 2^53, hence a text. */
  readonly systemId: string;
  readonly databases: readonly ServerDatabase[];
  readonly tablespaces: readonly { readonly name: string; readonly location: string }[];
}

const QUERY = `select json_build_object(
  'version', current_setting('server_version'),
  'number', current_setting('server_version_num')::int,
  'systemId', (select system_identifier::text from pg_control_system()),
  'databases', (select json_agg(json_build_object(
    'row', to_jsonb(d) - 'datacl', 'oid', d.oid::text, 'owner', pg_get_userbyid(d.datdba),
    'encoding', pg_encoding_to_char(d.encoding), 'size', pg_database_size(d.oid)) order by d.datname) from pg_database d),
  'tablespaces', (select coalesce(json_agg(json_build_object('name', spcname, 'location', pg_tablespace_location(oid))), '[]')
    from pg_tablespace where pg_tablespace_location(oid) <> ''));`;

const shape = z.object({
  version: z.string(),
  number: z.number().int(),
  systemId: z.string().regex(/^\d+$/),
  databases: z.array(
    z.object({
      oid: z.string(),
      owner: z.string(),
      encoding: z.string(),
      size: z.number().int(),
      row: z.object({
        datname: z.string(),
        datcollate: z.string(),
        datctype: z.string(),
        datallowconn: z.boolean(),
        datconnlimit: z.number().int(),
        datlocprovider: z.string().optional(),
        daticulocale: z.string().nullish(),
        datlocale: z.string().nullish(),
        daticurules: z.string().nullish(),
      }),
    }),
  ),
  tablespaces: z.array(z.object({ name: z.string(), location: z.string() })),
});

/** As PostgreSQL marks a database whose DROP was interrupted. */
const INVALID = -2;

/** Throws `tool-output`. */
export function parseCatalogue(lines: readonly string[]): Catalogue {
  const parsed = shape.safeParse(parseJson(lines.join(' '))); // a line break is never inside of a text there
  if (!parsed.success)
    throw new HoldfastError({
      code: 'tool-output',
      operation: 'ask',
      subject: 'the server that is in service',
      message: 'psql did not say which databases there are',
      cause: parsed.error,
    });
  const { version, number, systemId, databases, tablespaces } = parsed.data;
  return {
    version: version.split(' ')[0] ?? version,
    major:
      number >= 100_000
        ? String(Math.floor(number / 10_000))
        : `${Math.floor(number / 10_000)}.${Math.floor(number / 100) % 100}`,
    systemId,
    tablespaces,
    databases: databases.map(({ oid, owner, encoding, size, row }) => ({
      oid,
      name: row.datname,
      owner,
      encoding,
      collate: row.datcollate,
      ctype: row.datctype,
      provider: row.datlocprovider ?? 'c',
      locale: row.datlocale ?? row.daticulocale ?? null,
      rules: row.daticurules ?? null,
      connectable: row.datallowconn,
      valid: row.datconnlimit !== INVALID,
      size: size as Bytes, // PostgreSQL tells bytes
    })),
  };
}

/** Throws as `askLiveServer`. */
export const catalogueOf = async (server: LiveServer, signal: AbortSignal): Promise<Catalogue> =>
  parseCatalogue(await askLiveServer(server, QUERY, { signal, timeout: duration(5, 'm') })); // it measures every file
