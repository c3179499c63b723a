// A server whose databases are about to be dumped, as every kind of it looks to a set of dumps.

import type { Bytes } from '../../domain/bytes.ts';
import type { DumpFile } from '../../domain/database-dumps.ts';
import type { JsonObject } from '../../lib/json.ts';

export interface Dumpable {
  readonly name: string;
  /** As the server tells: what the dump takes at most, as far as is known. */
  readonly size: Bytes;
}

export interface OpenServer<Database extends Dumpable> {
  /** Those that are dumped. */
  readonly databases: readonly Database[];
  /** In what the set will be less than the server, in sentences. */
  readonly shortcomings: readonly string[];
  /** What is no shortcoming, and worth knowing. */
  readonly remarks: readonly string[];
  /** Databases that each server begins with: those alone are none. */
  readonly ofEveryServer: ReadonlySet<string>;
  /** Where the server keeps files: what a copy of is of no use. */
  readonly places: readonly string[];
  /** Which server it is: for the record. */
  readonly identity: JsonObject;
  /** A name for the dump of a database, which no other has. */
  fileOf(database: Database): string;
  /** What belongs to no database: accounts and their rights. Answers with the names of the files. */
  dumpAccounts(directory: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Throws `tool-failed` for a database that cannot be dumped, anything else for what would end the next one as well. */
  dump(database: Database, path: string, signal: AbortSignal): Promise<void>;
  /** What has become of it; null: it was dropped. */
  lookAgain(database: Database, signal: AbortSignal): Promise<Database | null>;
  /** What it takes to make the databases anew. */
  manifest(dumped: readonly (Database & DumpFile)[]): object;
}
