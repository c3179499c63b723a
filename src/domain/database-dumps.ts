// The dumps of a PostgreSQL server as they stand in a copy: which databases, in which files, and what is said of a set that is less than
// it should be. Pure.

import type { Bytes } from './bytes.ts';

/** What a server says of one of its databases. */
export interface ServerDatabase {
  /** Stays with it when it is renamed. */
  readonly oid: string;
  readonly name: string;
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** `c` libc, `i` ICU, `b` built in. */
  readonly provider: string;
  /** Of ICU, or of the built-in provider. */
  readonly locale: string | null;
  readonly rules: string | null;
  readonly connectable: boolean;
  /** False for what an interrupted DROP DATABASE has left. */
  readonly valid: boolean;
  readonly size: Bytes;
}

/** A database in a copy: what it takes to make it anew, and its dump. */
export interface DumpedDatabase extends Omit<ServerDatabase, 'oid' | 'connectable' | 'valid'> {
  /** Beside the manifest. */
  readonly file: string;
  /** Of the dump. */
  readonly bytes: Bytes;
}

/** What the manifest of a set says. */
export interface DumpSet {
  readonly version: 1;
  readonly server: { readonly version: string; readonly systemId: string };
  /** As whom it was dumped: a superuser. */
  readonly role: string;
  readonly databases: readonly DumpedDatabase[];
  /** Those beside the two that every server has. */
  readonly tablespaces: readonly string[];
}

export const MANIFEST = 'manifest.json';
export const GLOBALS = 'globals.sql';

/** With these two every server begins; they cannot be told from those of another one. */
export const OF_EVERY_SERVER: ReadonlySet<string> = new Set(['postgres', 'template1']);

/** A file name for any name of a database: no two have the same. */
export const dumpFile = (name: string, ending = 'dump'): string =>
  `${encodeURIComponent(name).replaceAll(/[!'()*~]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`)}.${ending}`;

export interface Chosen {
  readonly databases: readonly ServerDatabase[];
  /** In what the set is less than the server, in sentences. */
  readonly shortcomings: readonly string[];
  /** What is no shortcoming, and worth knowing. */
  readonly remarks: readonly string[];
}

/** Which databases of a server are dumped. `exclude`: names that are left out on purpose. */
export function chooseDatabases(all: readonly ServerDatabase[], exclude: readonly string[]): Chosen {
  const left = new Set(exclude);
  const wanted = all.filter(({ name }) => name !== 'template0' && !left.has(name)); // nobody ever gets into template0
  const closed = wanted.filter(({ connectable, valid }) => valid && !connectable);
  const unknown = exclude.filter((name) => !all.some((each) => each.name === name));
  return {
    databases: wanted.filter(({ connectable, valid }) => valid && connectable),
    shortcomings: closed.map(
      ({ name }) =>
        `the database ${name} lets nobody in (ALLOW_CONNECTIONS false), and is not in the copy; excludeDatabases: [${JSON.stringify(name)}] if that is right`,
    ),
    remarks: [
      ...wanted
        .filter(({ valid }) => !valid)
        .map(({ name }) => `${name} is what is left of a DROP DATABASE that was interrupted: DROP DATABASE it`),
      ...unknown.map((name) => `excludeDatabases: the server has no database ${name}`),
    ],
  };
}

/** What is on record of a database that was dumped before. */
export interface DumpFigure {
  readonly name: string;
  /** Of the database, as its server told. */
  readonly size: Bytes;
  /** Of the dump. */
  readonly bytes: Bytes;
}

/** A dump of one database, of whatever kind of server. */
export interface DumpFile extends DumpFigure {
  /** Beside the manifest. */
  readonly file: string;
}

/**
 * How much room the dumps will take, at most as far as can be told: as much of the size of each database as its dump took before, and
 * all of it where none was made yet (with indexes and what is dead in it, so that it takes less).
 */
export function roomFor(databases: readonly Pick<ServerDatabase, 'name' | 'size'>[], former: readonly DumpFigure[]): Bytes {
  const before = new Map(former.map((each) => [each.name, each]));
  const sum = databases.reduce((total, { name, size }) => {
    const last = before.get(name);
    return total + (last && last.size > 0 ? Math.ceil(size * (last.bytes / last.size)) : size);
  }, 0);
  return sum as Bytes; // of bytes
}

/**
 * A server that had databases of its own and has none is a disaster that looks like a quick backup. Null when it is not so.
 * `ofEveryServer`: databases that are none of its own.
 */
export function emptied(
  databases: readonly { readonly name: string }[],
  former: readonly DumpFigure[],
  ofEveryServer: ReadonlySet<string>,
): string | null {
  const own = (all: readonly { readonly name: string }[]): string[] =>
    all.map(({ name }) => name).filter((name) => !ofEveryServer.has(name));
  const before = own(former);
  if (before.length === 0 || own(databases).length > 0) return null;
  const named = before.slice(0, 3).join(', ') + (before.length > 3 ? ` and ${before.length - 3} more` : '');
  return `the server has no database of its own, it had ${named}; set allowEmpty: true if that is right`;
}

const LONGEST_NAME = 63; // bytes, as PostgreSQL is built

/** What a database is called that another one takes the place of. Differs for different databases of one run. */
export function asideName(name: string, index: number, runId: string): string {
  const ending = `_before_${runId.toLowerCase()}_${index}`;
  const room = LONGEST_NAME - ending.length;
  return `${Buffer.from(name)
    .subarray(0, room)
    .toString()
    .replace(/\uFFFD+$/, '')}${ending}`;
}

/** What it is called while it is loaded. */
export const loadingName = (index: number, runId: string): string => `holdfast_${runId.toLowerCase()}_${index}`;
