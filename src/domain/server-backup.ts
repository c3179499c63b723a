// A backup of a PostgreSQL server as its engine lists it, and the cluster that it is of.

import type { Bytes } from './bytes.ts';
import type { Instant } from './instant.ts';
import type { BackupKind } from './postgres-backup.ts';

export interface ServerBackup {
  /** As its tool calls it: '20260101-020000F_20260102-020000I', '20260101T020000'. */
  readonly label: string;
  readonly type: BackupKind;
  readonly repository: number;
  /** The id of its cluster in the repository's history. */
  readonly databaseId: number;
  /** The label of the one that it rests on; null for a full one. */
  readonly prior: string | null;
  /** Pages whose checksums did not fit were copied: what is in it is damaged in the server itself. Null: nobody looked. */
  readonly error: boolean | null;
  readonly startedAt: Instant;
  readonly stoppedAt: Instant;
  /** The first and the last WAL file that it needs; null for one that was made without archiving. */
  readonly wal: { readonly start: string; readonly stop: string } | null;
  /** Where in the log it begins: '0/2000028'. */
  readonly startLsn: string | null;
  /** Of the whole database, and of what this backup has added to the repository. */
  readonly size: Bytes;
  /** That is what it takes where it lies, compressed; how much it takes when it is put back nobody has said. */
  readonly packed?: boolean;
  readonly added: Bytes;
}

/** A server compresses to a fourth, or not so far. */
const UNPACKED = 4;

/** What it may take where it is put for a while: too much rather than fill the disk of a live server. */
export const mostOf = ({ size, packed = false }: Pick<ServerBackup, 'size' | 'packed'>): number =>
  packed ? size * UNPACKED : size;

export interface ServerCluster {
  /** Within one repository. */
  readonly id: number;
  readonly repository: number;
  /** Above 2^53, hence a text. */
  readonly systemId: string;
  readonly version: string;
}
