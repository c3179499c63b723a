// What a database is beside what is in it: its owner, its locale, who may do what with it, what is set for it. A dump of one database
// brings these only together with its name.

import * as z from 'zod';
import { HoldfastError } from '../../lib/errors.ts';
import { identifier, literal } from './live-server.ts';

const shape = z.object({
  owner: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  /** `c`, `i` (ICU), `b` (built in); there is none before version 15. */
  provider: z.string().nullish(),
  locale: z.string().nullish(),
  connections: z.number().int(),
  /** Null: as the server grants by itself. An empty grantee is everybody. */
  grants: z.array(z.object({ to: z.string(), what: z.string(), option: z.boolean() })).nullable(),
  /** `name=value`, for a role or (null) for all. */
  settings: z.array(z.object({ role: z.string().nullable(), setting: z.string() })),
});
export type DatabaseTraits = z.infer<typeof shape>;

/** Answers with nothing where there is no such database. As JSON: which columns there are depends on the version. */
export const DATABASE_QUERY = (name: string): string => `SELECT json_build_object(
  'owner', pg_get_userbyid(d.datdba), 'encoding', pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype,
  'provider', to_json(d)->>'datlocprovider', 'locale', coalesce(to_json(d)->>'datlocale', to_json(d)->>'daticulocale'),
  'connections', d.datconnlimit,
  'grants', CASE WHEN d.datacl IS NULL THEN NULL ELSE coalesce((SELECT json_agg(json_build_object(
    'to', CASE WHEN a.grantee = 0 THEN '' ELSE pg_get_userbyid(a.grantee) END, 'what', a.privilege_type, 'option', a.is_grantable))
    FROM aclexplode(d.datacl) a), '[]'::json) END,
  'settings', coalesce((SELECT json_agg(json_build_object(
    'role', CASE WHEN s.setrole = 0 THEN NULL ELSE pg_get_userbyid(s.setrole) END, 'setting', c))
    FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setdatabase = d.oid), '[]'::json))
FROM pg_database d WHERE d.datname = ${literal(name)};`;

/** Null where there is no such database. Throws `tool-output`. */
export function parseTraits(lines: readonly string[], database: string): DatabaseTraits | null {
  if (lines.length === 0) return null;
  try {
    return shape.parse(JSON.parse(lines.join('\n')));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof z.ZodError)) throw error;
    const message = 'the server did not say what the database is';
    throw new HoldfastError({ code: 'tool-output', operation: 'ask', subject: database, message, cause: error });
  }
}

const PROVIDERS: Readonly<Record<string, (locale: string) => string>> = {
  i: (locale) => ` LOCALE_PROVIDER icu ICU_LOCALE ${literal(locale)}`,
  b: (locale) => ` LOCALE_PROVIDER builtin BUILTIN_LOCALE ${literal(locale)}`,
};

/** Empty, and its owner's; nobody else is granted anything yet. */
export function createStatement(
  name: string,
  { owner, encoding, collate, ctype, provider, locale }: DatabaseTraits,
): string {
  const provided = provider && locale ? (PROVIDERS[provider]?.(locale) ?? '') : '';
  return `CREATE DATABASE ${identifier(name)} OWNER ${identifier(owner)} TEMPLATE template0 ENCODING ${literal(encoding)} LC_COLLATE ${literal(collate)} LC_CTYPE ${literal(ctype)}${provided}`;
}

/** What makes it what it was, when all of it is there. */
export const traitStatements = (name: string, { connections, grants, settings, owner }: DatabaseTraits): string[] => [
  ...(connections === -1 ? [] : [`ALTER DATABASE ${identifier(name)} CONNECTION LIMIT ${connections}`]),
  ...(grants === null
    ? []
    : [
        `REVOKE ALL ON DATABASE ${identifier(name)} FROM PUBLIC, ${identifier(owner)}`,
        ...grants.map(
          ({ to, what, option }) =>
            `GRANT ${what} ON DATABASE ${identifier(name)} TO ${to === '' ? 'PUBLIC' : identifier(to)}${option ? ' WITH GRANT OPTION' : ''}`,
        ),
      ]),
  ...settings.map(({ role, setting }) => {
    const of = role === null ? `DATABASE ${identifier(name)}` : `ROLE ${identifier(role)} IN DATABASE ${identifier(name)}`;
    const at = setting.indexOf('=');
    return `ALTER ${of} SET ${setting.slice(0, at)} TO ${valueOf(setting.slice(0, at), setting.slice(at + 1))}`;
  }),
];

/** Of these the server keeps lists of names, each quoted where it has to be: all of it in quotes would be one name. */
const LISTS = /^(?:search_path|temp_tablespaces|(?:local|session|shared)_preload_libraries|unix_socket_directories)$/;
const valueOf = (name: string, value: string): string => (LISTS.test(name) && value !== '' ? value : literal(value));
