// The environment of PostgreSQL's clients and servers: without what whoever calls us has set for servers of their own.

/** Variables that would lead a client elsewhere (PGHOST, PGSERVICE, PGOPTIONS, ...), and the command that gets the log. */
export const withoutLibpq = (inherited: NodeJS.ProcessEnv = process.env): Record<string, undefined> =>
  Object.fromEntries(Object.keys(inherited).flatMap((name) => (/^PG[A-Z]/.test(name) ? [[name, undefined]] : [])));
