// The dumps of a MariaDB server as they stand in a copy, and what is said of those that are less than the server. Pure.

import type { Bytes } from './bytes.ts';
import { dumpFile, type DumpFile } from './database-dumps.ts';

/** What a MariaDB server says of one of its databases. */
export interface MariadbDatabase {
  readonly name: string;
  readonly charset: string;
  readonly collation: string;
  readonly comment: string;
  readonly size: Bytes;
  /** Tables whose engine knows no transactions: they are dumped under a lock. */
  readonly unsafe: number;
  /** Tables that keep what was in them before (WITH SYSTEM VERSIONING). */
  readonly versioned: number;
}

/** A database in a copy: what it takes to make it anew, and its dump. */
export type DumpedMariadb = Pick<MariadbDatabase, 'name' | 'charset' | 'collation' | 'comment'> & DumpFile;

/** What of a server decides what its dumps mean elsewhere. */
export interface MariadbSettings {
  readonly charset: string;
  readonly collation: string;
  /** 0: names of tables that differ in case alone are different ones. */
  readonly lowerCaseTableNames: number;
}

/** What the manifest of a set says. */
export interface MariadbSet {
  readonly version: 1;
  readonly kind: 'mariadb';
  readonly server: { readonly version: string } & MariadbSettings;
  readonly databases: readonly DumpedMariadb[];
}

/** The databases as they were made, empty: for a load by hand. */
export const DATABASES = 'databases.sql';
/** Who may log in, and roles: as statements. */
export const USERS = 'users.sql';
/** What they may do: in place when the databases are. */
export const GRANTS = 'grants.sql';

/** The dump of a database: never called as one of these. */
export const mariadbFile = (name: string): string => dumpFile(name, 'dump.sql');

/** The server's own. What of them is worth keeping is in the files above. */
export const OWN_DATABASES: ReadonlySet<string> = new Set(['mysql', 'sys', 'information_schema', 'performance_schema']);

/** How the server shows a directory whose name is none of a database: `lost+found` of a file system. */
const NO_DATABASE = '#mysql50#';

export interface ChosenMariadb {
  readonly databases: readonly MariadbDatabase[];
  readonly shortcomings: readonly string[];
  readonly remarks: readonly string[];
}

/** Which databases of a server are dumped. `exclude`: names that are left out on purpose. `history`: what tables held before is dumped, too. */
export function chooseMariadb(all: readonly MariadbDatabase[], exclude: readonly string[], history: boolean): ChosenMariadb {
  const left = new Set(exclude);
  const own = all.filter(({ name }) => !OWN_DATABASES.has(name) && !left.has(name));
  const databases = own.filter(({ name }) => !name.startsWith(NO_DATABASE));
  const strange = own.map(({ name }) => name).filter((name) => name.startsWith(NO_DATABASE));
  const unknown = exclude.filter((name) => !all.some((each) => each.name === name));
  return {
    databases,
    shortcomings: history ? [] : databases.filter(({ versioned }) => versioned > 0).map(withoutHistory),
    remarks: [
      ...strange
        .map((name) => name.slice(NO_DATABASE.length))
        .filter((name) => name !== 'lost+found')
        .map((name) => `${name} in the data directory is a directory, and no database: it is not in the copy`),
      ...unknown.map((name) => `excludeDatabases: the server has no database ${name}`),
      ...databases.filter(({ unsafe }) => unsafe > 0).map(lockedWhileDumped),
    ],
  };
}

const withoutHistory = ({ name }: MariadbDatabase): string =>
  `the history of versioned tables of ${name} is not in the copy: this mariadb-dump is too old for that, 10.11 has it; excludeDatabases: [${JSON.stringify(name)}] leaves all of it out`;

const lockedWhileDumped = ({ name, unsafe }: MariadbDatabase): string =>
  `${name} has ${unsafe === 1 ? 'a table' : `${unsafe} tables`} without transactions (MyISAM, Aria, ...): nobody can write into the database while it is dumped; ALTER TABLE ... ENGINE=InnoDB would do without`;

/** Since when a database can carry a comment, by which one that is being loaded is known. */
const OLDEST = [10, 5] as const;

/** `version`: `10.11.19-MariaDB`. Why databases of such a server are not dumped or loaded; null where they are. */
export function unsupported(version: string): string | null {
  if (!/mariadb/i.test(version)) return `it is no MariaDB server, but ${version}`;
  const [major = 0, minor = 0] = version.split('.').map(Number.parseFloat);
  const old = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  return old ? `it is of version ${version}, and ${OLDEST.join('.')} is the oldest that is known to work` : null;
}
