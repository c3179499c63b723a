// `restic backup`: one snapshot of some paths, and the proof that it exists. Success is restic's own summary with a
// snapshot id, never the exit code alone; what could not be read makes the summary `incomplete`.

import { parseJson } from '../../lib/json.ts';
import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import type { Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from './access.ts';
import { type ItemError, parseItemError } from './error-lines.ts';
import { type Argv, invokeRestic, type ResticOptions } from './invoke.ts';
import { fullId, messageType, unexpectedOutput } from './json-lines.ts';

export interface BackupRequest {
  /** Absolute paths. */
  readonly paths: readonly string[];
  /** restic's exclude patterns. */
  readonly excludes?: readonly string[];
  /** Without commas: restic would split them. */
  readonly tags: readonly string[];
  readonly host: string;
  /** Leaves out directories marked by a CACHEDIR.TAG. */
  readonly excludeCaches?: boolean;
  /**
   * False: restic does not count what there is before it reads it. Its progress has no totals then, and it is done sooner:
   * of unchanged files counting is a sixth of the work.
   */
  readonly estimate?: boolean;
  /** How long restic waits for somebody else's lock. */
  readonly retryLock?: Duration | undefined;
  /** Puts a program in front that makes a private mount namespace. */
  readonly wrap?: ((argv: Argv) => Argv) | undefined;
}

export interface BackupProgress {
  /** 0 to 1; restic still counts while it reads, so it may go back. */
  readonly fractionDone: number;
  readonly bytesDone: Bytes;
  readonly bytesTotal: Bytes;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly errorCount: number;
  readonly secondsElapsed: number;
  /** Null while restic does not know. */
  readonly secondsRemaining: number | null;
  readonly currentFiles: readonly string[];
}

export interface BackupSummary {
  readonly snapshotId: string;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly dirsNew: number;
  readonly dirsChanged: number;
  readonly dirsUnmodified: number;
  readonly totalFiles: number;
  readonly bytesProcessed: Bytes;
  /** New data before compression. */
  readonly bytesAdded: Bytes;
  /** New data as stored in the repository. */
  readonly bytesStored: Bytes;
  readonly durationSeconds: number;
  /** What could not be read, at most MAX_UNREADABLE of them; `unreadableCount` counts all. */
  readonly unreadable: readonly ItemError[];
  readonly unreadableCount: number;
  /** A snapshot exists, but not everything that was asked for is in it. */
  readonly incomplete: boolean;
}

export interface BackupOptions extends ResticOptions {
  readonly onProgress?: (progress: BackupProgress) => void;
}

export const MAX_UNREADABLE = 1000;
const OPERATION = 'back up to';

/** The verb's arguments. Throws `config` for what restic's command line cannot express. */
export function backupArgs(request: BackupRequest, subject: string): string[] {
  const refuse = (message: string): never => {
    throw new HoldfastError({ code: 'config', operation: OPERATION, subject, message });
  };
  if (request.paths.length === 0) refuse('there is nothing to back up: no path is given');
  for (const text of [...request.paths, ...(request.excludes ?? []), ...request.tags, request.host]) {
    if (text === '' || text.includes('\0'))
      refuse(`a path, pattern, tag or host is empty or contains a NUL: ${JSON.stringify(text)}`);
  }
  for (const tag of request.tags) if (tag.includes(',')) refuse(`a tag cannot contain a comma: ${JSON.stringify(tag)}`);
  return [
    'backup',
    `--host=${request.host}`,
    ...request.tags.map((tag) => `--tag=${tag}`),
    // not --exclude-file: that one trims, expands $VARIABLES and cannot hold a newline
    ...(request.excludes ?? []).map((pattern) => `--exclude=${pattern}`),
    ...(request.excludeCaches ? ['--exclude-caches'] : []),
    ...(request.estimate === false ? ['--no-scan'] : []),
    '--', // a path may begin with a dash
    ...request.paths,
  ];
}

const count = z.number().int().nonnegative();
const statusMessage = z.object({
  message_type: z.literal('status'),
  percent_done: z.number().catch(0),
  total_files: count.catch(0),
  files_done: count.catch(0),
  total_bytes: count.catch(0),
  bytes_done: count.catch(0),
  error_count: count.catch(0),
  seconds_elapsed: z.number().catch(0),
  seconds_remaining: z.number().positive().nullable().catch(null),
  current_files: z.array(z.string()).catch([]),
});
const summaryMessage = z.object({
  message_type: z.literal('summary'),
  snapshot_id: fullId,
  files_new: count,
  files_changed: count,
  files_unmodified: count,
  dirs_new: count,
  dirs_changed: count,
  dirs_unmodified: count,
  data_added: count,
  data_added_packed: count.optional(), // absent from repositories of format 1
  total_files_processed: count,
  total_bytes_processed: count,
  total_duration: z.number(),
});

/** Reads restic's two streams line by line; `summary` decides at the end. */
export class BackupOutput {
  readonly #subject: string;
  readonly #onProgress: ((progress: BackupProgress) => void) | undefined;
  readonly #unreadable = new Map<string, ItemError>();
  #unreadableCount = 0;
  #summary: z.infer<typeof summaryMessage> | null = null;
  #oddity: string | null = null;

  constructor(subject: string, onProgress?: (progress: BackupProgress) => void) {
    this.#subject = subject;
    this.#onProgress = onProgress;
  }

  /** A line of standard output. Never throws: what is odd is told by `summary`. */
  readonly line = (line: string): void => {
    if (line.trim() === '') return;
    const value = parseJson(line);
    const type = messageType(value);
    if (type === 'status') this.#status(value);
    else if (type === 'summary') this.#takeSummary(value);
    else if (type === 'error') this.errorLine(line);
    else if (type !== 'verbose_status') this.#oddity ??= line.slice(0, 120);
  };

  /** A line of standard error. */
  readonly errorLine = (line: string): void => {
    const missing = /^(.*) does not exist, skipping$/s.exec(line);
    if (missing) this.#addUnreadable({ path: missing[1] ?? '', message: 'does not exist', during: 'scan' });
    const error = parseItemError(line);
    if (error) this.#addUnreadable(error);
  };

  /** The proven result. Throws `tool-output` without a summary that names a snapshot. */
  summary(exitCode: number): BackupSummary {
    const raw = this.#summary;
    if (!raw) {
      const odd = this.#oddity === null ? '' : `; it printed: ${this.#oddity}`;
      throw unexpectedOutput(
        OPERATION,
        this.#subject,
        `restic ended with exit code ${exitCode} without a summary that names a snapshot${odd}`,
      );
    }
    return {
      snapshotId: raw.snapshot_id,
      filesNew: raw.files_new,
      filesChanged: raw.files_changed,
      filesUnmodified: raw.files_unmodified,
      dirsNew: raw.dirs_new,
      dirsChanged: raw.dirs_changed,
      dirsUnmodified: raw.dirs_unmodified,
      totalFiles: raw.total_files_processed,
      bytesProcessed: raw.total_bytes_processed as Bytes, // restic counts bytes
      bytesAdded: raw.data_added as Bytes,
      bytesStored: (raw.data_added_packed ?? raw.data_added) as Bytes,
      durationSeconds: raw.total_duration,
      unreadable: [...this.#unreadable.values()],
      unreadableCount: this.#unreadableCount,
      incomplete: exitCode !== 0 || this.#unreadableCount > 0,
    };
  }

  #takeSummary(value: unknown): void {
    const parsed = summaryMessage.safeParse(value);
    if (parsed.success) this.#summary = parsed.data;
    else this.#oddity = `a summary with ${parsed.error.issues[0]?.path.join('.') ?? 'something'} missing or wrong`;
  }

  #status(value: unknown): void {
    const parsed = statusMessage.safeParse(value);
    if (!parsed.success || !this.#onProgress) return;
    const { data } = parsed;
    this.#onProgress({
      fractionDone: Math.min(1, Math.max(0, data.percent_done)),
      bytesDone: data.bytes_done as Bytes, // restic counts bytes
      bytesTotal: data.total_bytes as Bytes,
      filesDone: data.files_done,
      filesTotal: data.total_files,
      errorCount: data.error_count,
      secondsElapsed: data.seconds_elapsed,
      secondsRemaining: data.seconds_remaining,
      currentFiles: data.current_files,
    });
  }

  /** restic reports the same item while it scans and while it archives: it counts once. */
  #addUnreadable(error: ItemError): void {
    if (!this.#unreadable.has(error.path)) {
      this.#unreadableCount += 1;
      if (this.#unreadable.size >= MAX_UNREADABLE) return;
    }
    this.#unreadable.set(error.path, error);
  }
}

/**
 * Makes one snapshot. Resolves only when restic itself reported a snapshot id; see `incomplete` for exit code 3 and for
 * sources that restic skipped. Cancelled, it leaves no snapshot; what was uploaded is used by the next run.
 */
export async function resticBackup(
  access: ResticAccess,
  request: BackupRequest,
  options: BackupOptions,
): Promise<BackupSummary> {
  const output = new BackupOutput(access.subject, options.onProgress);
  const { exitCode } = await invokeRestic(
    access,
    {
      args: backupArgs(request, access.subject),
      operation: OPERATION,
      accept: [0, 3],
      retryLock: request.retryLock,
      wrap: request.wrap,
      onLine: output.line,
      onErrorLine: output.errorLine,
    },
    options,
  );
  return output.summary(exitCode);
}
