// What a recovery kit says, as data: one for each repository of a host. It never holds a secret, only where one lived. It is
// plain JSON: times are ISO 8601, sizes bytes.

import type { JsonObject } from '../../lib/json.ts';

export interface Kit extends JsonObject {
  readonly host: string;
  readonly repository: string;
  readonly madeAt: string;
  /** The version of the Holdfast that made it. */
  readonly holdfast: string;
  readonly restic: {
    readonly minimum: string;
    /** What backups were made with when this was written; null when it could not be asked. */
    readonly used: string | null;
  };
  readonly reach: KitReach;
  readonly answer: KitAnswer;
  readonly identity: KitIdentity | null;
  readonly secrets: readonly KitSecret[];
  /** In the order in which they come back. */
  readonly services: readonly KitService[];
  /** What this page does not bring back, and why. */
  readonly others: readonly KitOther[];
  /** Whether the repository holds the host's configuration; null when that is not known. */
  readonly configuration: boolean | null;
  /** What whoever keeps this page should do something about. */
  readonly warnings: readonly string[];
}

/** Whether the repository was asked, or the page is what this host had recorded. */
export type KitAnswer =
  | { readonly answered: true; readonly at: string }
  | {
      readonly answered: false;
      readonly reason: string;
      /** When the newest fact about it was true; null when there is none. */
      readonly knownSince: string | null;
    };

export type Scheme = 'local' | 'sftp' | 'rest' | 's3' | 'b2' | 'azure' | 'gs' | 'swift' | 'rclone';

export interface KitReach extends JsonObject {
  /** Secrets in it are masked. */
  readonly url: string;
  readonly urlHasSecret: boolean;
  readonly scheme: Scheme;
  /** Of a local repository. */
  readonly directory: string | null;
  /** The file system that must be there first; null for the root file system, and elsewhere. */
  readonly mount: KitMount | null;
}

export interface KitMount extends JsonObject {
  readonly path: string;
  /** Null when nothing was mounted there. */
  readonly type: string | null;
  readonly source: string | null;
  readonly uuid: string | null;
}

export interface KitIdentity extends JsonObject {
  /** 64 hexadecimal digits; restic shows the first eight. */
  readonly id: string;
  /** When the repository said so. */
  readonly asOf: string;
  readonly keys: readonly KitKey[];
}

export interface KitKey extends JsonObject {
  readonly id: string;
  /** The one that the configured password opens. */
  readonly current: boolean;
  readonly user: string;
  readonly host: string;
  readonly created: string;
}

export interface KitSecret extends JsonObject {
  readonly purpose: 'password' | 'environment' | 'address' | 'login';
  readonly place: SecretPlace;
  /** Names in an environment file; null where there is none, or it could not be read. */
  readonly variables: readonly string[] | null;
  /** The snapshots that hold its file. */
  readonly backedUp: readonly { readonly service: string; readonly repositories: readonly string[] }[];
  /**
   * What is left of it when the host is gone: nothing (`host-only`), copies that only itself opens (`locked-in`), or a copy in
   * another repository (`elsewhere`). Nobody but its owner knows of copies outside.
   */
  readonly risk: 'host-only' | 'locked-in' | 'elsewhere';
}

export type SecretPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: string; readonly files: readonly string[] }
  | { readonly kind: 'credential'; readonly name: string }
  | { readonly kind: 'url' };

export interface KitService extends JsonObject {
  readonly name: string;
  readonly class: string;
  /** How soon it is owed back, as it is written: '4h'. */
  readonly rto: string | null;
  readonly unit: string | null;
  readonly paths: readonly string[];
  /** Patterns of what is not in the snapshots. */
  readonly leftOut: readonly string[];
  /** SQLite files among the data: consistent copies, at their own paths. */
  readonly databases: readonly string[];
  /** Dumps of its database server among the data. */
  readonly dumps: KitDumps | null;
  /** Commands that ran before each backup, and may have made dumps. */
  readonly hooks: readonly string[];
  /** What the paths hold is no data, but the repository of pgBackRest that has it. */
  readonly pgbackrest: KitPgBackRest | null;
  readonly owners: readonly KitOwner[];
  /** To the live paths, or, because parts of a system are among them, to a directory from which one picks. */
  readonly target: 'live' | 'aside';
  /** Live paths that are moved out of the way when they exist; others are restored over what is there. */
  readonly movedAside: readonly string[];
  /** Data of other services inside of these paths, which comes back with those. */
  readonly excluded: readonly string[];
  /** The newest and, where that is not known to be complete, the newest complete one. Null: none is known. */
  readonly newest: KitSnapshot | null;
  readonly newestComplete: KitSnapshot | null;
}

export interface KitPgBackRest extends JsonObject {
  readonly stanza: string;
  readonly dataDir: string;
  readonly user: string;
  /** The file with the passphrase that encrypts it; null where none is named. */
  readonly cipherPassFile: string | null;
}

export interface KitDumps extends JsonObject {
  readonly kind: 'postgresql' | 'mariadb';
  /** Where they stand in a snapshot. */
  readonly place: string;
  /** Who runs the server. */
  readonly user: string;
  /** The arguments by which a client finds it. */
  readonly connection: readonly string[];
}

export interface KitOwner extends JsonObject {
  readonly path: string;
  readonly uid: number;
  readonly user: string | null;
  readonly gid: number;
  readonly group: string | null;
}

export interface KitSnapshot extends JsonObject {
  readonly id: string;
  readonly time: string;
  readonly files: number | null;
  readonly bytes: number | null;
  /** By the records of the host that made it; null where no record tells. */
  readonly complete: boolean | null;
}

export interface KitOther extends JsonObject {
  readonly service: string;
  readonly why: string;
  /** Lines to type, where something brings it back all the same. */
  readonly byHand: readonly string[];
}
