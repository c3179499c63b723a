// What a server is had back with, whichever tool keeps its backups and its log: what is restored, drilled, watched and recovered is
// told in these words. Making backups is each tool's own.

import type { Instant } from '../../domain/instant.ts';
import type { ArchiveState as HeldState } from '../../domain/postgres-recovery.ts';
import type { TargetTimeline } from '../../domain/timeline.ts';
import type { IdleLimit } from '../../process/run-process.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';
import type { ArchiveLook, Told } from './archive-look.ts';
import type { ArchiveState } from './archive-state.ts';

export interface Engine {
  readonly tool: 'pgbackrest' | 'barman-cloud';
  /** Who runs the server, and the tool. */
  readonly user: Owner;
  /** What errors call the server: the service's name. */
  readonly subject: string;
  /** Shown to a person who looks by hand. */
  readonly byHand: { readonly list: string; readonly check: string };
  /** The numbers of its repositories. Throws `repository-missing` where there is none. */
  repositories(signal: AbortSignal): Promise<number[]>;
  /** Throws what keeps it from being known; `snapshot-missing` where the repository answered, and holds no backup. */
  state(repository: number, timeline: number | null, signal: AbortSignal): Promise<ArchiveState>;
  /** Throws what keeps it from being known. */
  look(repository: number, told: Told, signal: AbortSignal): Promise<EngineLook>;
  /** All that the archive has now. */
  timelines(state: ArchiveState, signal: AbortSignal): Promise<readonly number[]>;
  /** Of each repository what it holds, in the order in which they are asked. Never throws but for the signal. */
  held(signal: AbortSignal): Promise<readonly (HeldState & { readonly repository: string })[]>;
  /** The names of those that a backup has data in. Throws what keeps it from being known. */
  tablespaces(repository: number, label: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Puts a backup into an empty directory, with what the server needs to replay the log; it does not archive. */
  restore(request: EngineRestore, options: EngineOptions): Promise<void>;
  /** The value of restore_command for a server on that directory. */
  restoreCommand(repository: number, directory: string): string;
  /** Has the server finish a file of its log, and waits until it is in every repository. */
  check(signal: AbortSignal): Promise<void>;
}

export interface EngineLook {
  readonly look: ArchiveLook;
  /** Of the cluster in it; null where there is none. */
  readonly systemId: string | null;
}

export interface EngineRestore {
  /** The label of the backup, and the number of the repository that holds it. */
  readonly set: string;
  readonly repository: number;
  /** The data directory. */
  readonly directory: string;
  /** The moment; null: everything that the archive holds. */
  readonly target: Instant | null;
  readonly timeline: TargetTimeline;
  /** Null: as its configuration says. */
  readonly processes: number | null;
  /** All tablespaces come below this directory. */
  readonly tablespaces: string;
}

export interface EngineOptions {
  readonly signal: AbortSignal;
  readonly idle: IdleLimit;
}
