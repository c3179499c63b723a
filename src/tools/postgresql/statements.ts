// What pg_dumpall and pg_restore print, taken apart: only some of it is wanted by a server that has things of its own. Pure.

/** Each without its semicolon; comments and what is for psql alone are left out. */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let begin = 0;
  for (const { index, 0: token } of sql.matchAll(TOKENS)) {
    if (token === ';') {
      statements.push(sql.slice(begin, index).trim());
      begin = index + 1;
    } else if (/^(?:--|\\)/.test(token) && sql.slice(begin, index).trim() === '') begin = index + token.length;
  }
  return statements.filter((statement) => statement !== '');
}

/** A text, an escaped text, a name, a comment, a line for psql (which begins where a line does), the end of a statement. */
const TOKENS = /\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|^\\[^\n]*|;/gm;

const NAME = String.raw`("(?:[^"]|"")+"|[^\s";,]+)`;
const CREATE_ROLE = new RegExp(`^CREATE ROLE ${NAME}`);
/** Statements about one role, who is named in them. */
const ABOUT_ROLE = [
  CREATE_ROLE,
  new RegExp(`^ALTER ROLE ${NAME} (?!IN DATABASE)`),
  new RegExp(`^(?:COMMENT|SECURITY LABEL(?: FOR \\S+)?) ON ROLE ${NAME} IS `),
  new RegExp(`^GRANT .* ON PARAMETER \\S+ TO ${NAME}`),
];
const MEMBERSHIP = new RegExp(`^GRANT ${NAME} TO ${NAME}(?: |$)`);

const unquoted = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

export interface MissingRoles {
  readonly names: readonly string[];
  /** What makes them as they were, their memberships included. Nothing of it changes a role that is there. */
  readonly statements: readonly string[];
}

/** `globals`: by pg_dumpall --globals-only. */
export function missingRoles(globals: string, existing: ReadonlySet<string>): MissingRoles {
  const all = splitStatements(globals);
  const names = new Set(
    all.flatMap((statement) => {
      const name = nameIn(CREATE_ROLE, statement);
      return name === null || existing.has(name) ? [] : [name];
    }),
  );
  const isMissing = (name: string | null): boolean => name !== null && names.has(name);
  return {
    names: [...names],
    statements: all.filter((statement) => {
      const [, role, member] = MEMBERSHIP.exec(statement) ?? [];
      if (role !== undefined && member !== undefined) return [role, member].some((each) => isMissing(unquoted(each)));
      return ABOUT_ROLE.some((pattern) => isMissing(nameIn(pattern, statement)));
    }),
  };
}

function nameIn(pattern: RegExp, statement: string): string | null {
  const [, name] = pattern.exec(statement) ?? [];
  return name === undefined ? null : unquoted(name);
}

/** Of `pg_restore --create`: the settings, rights and comment of the database itself, which exists already. */
export const databaseProperties = (sql: string): string[] =>
  splitStatements(sql).filter((statement) =>
    /^(?:ALTER DATABASE |ALTER ROLE \S.* IN DATABASE |COMMENT ON DATABASE |SECURITY LABEL (?:FOR \S+ )?ON DATABASE |(?:GRANT|REVOKE) [A-Z, ]+ ON DATABASE )/.test(
      statement,
    ),
  );

/** Of `pg_restore --create --list`: the lines about the database itself. */
export const propertyLines = (list: string): string[] =>
  list
    .split('\n')
    .filter((line) =>
      /^\d+; \d+ \d+ (?:DATABASE|DATABASE PROPERTIES|(?:ACL|COMMENT|SECURITY LABEL) - DATABASE) /.test(line),
    );
