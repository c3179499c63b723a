// `restic restore`: a snapshot, or a part of it, into a directory. What could not be restored makes it incomplete.
// restic's figures count directories as files, and (measured) count a file as restored even if writing it failed: only an
// empty list of errors together with exit code 0 is a complete restore.

import { parseJson } from '../../lib/json.ts';
import * as z from 'zod';
import type { Bytes } from '../../domain/bytes.ts';
import type { Duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from './access.ts';
import { classifyFailure } from './classify.ts';
import { type ItemError, parseItemError } from './error-lines.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { messageType, unexpectedOutput } from './json-lines.ts';

export interface RestoreRequest {
  /** A full id: 'latest' could be another host's. */
  readonly snapshotId: string;
  /** Absolute path in the snapshot whose content goes right into `target`; without it the absolute paths are recreated below. */
  readonly subpath?: string | undefined;
  /** restic's include patterns; everything when empty. */
  readonly includes?: readonly string[];
  readonly target: string;
  /** Reads back and compares every restored file. */
  readonly verify?: boolean;
  /** Blocks of zeros become holes. */
  readonly sparse?: boolean;
  /** What happens to files that are there already; restic's default is `always`. */
  readonly overwrite?: 'always' | 'if-changed' | 'if-newer' | 'never' | undefined;
  /** Removes from the target what the snapshot does not hold. */
  readonly deleteOthers?: boolean;
  readonly retryLock?: Duration | undefined;
}

export interface RestoreProgress {
  readonly fractionDone: number;
  readonly bytesDone: Bytes;
  readonly bytesTotal: Bytes;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly secondsElapsed: number;
}

export interface RestoreSummary {
  /** Files, directories and everything else. */
  readonly totalFiles: number;
  readonly filesRestored: number;
  /** There already and equal. */
  readonly filesSkipped: number;
  readonly filesDeleted: number;
  readonly totalBytes: Bytes;
  readonly bytesRestored: Bytes;
  readonly bytesSkipped: Bytes;
  readonly errors: readonly ItemError[];
  readonly errorCount: number;
  /** restic was asked to verify, and found no difference. */
  readonly verified: boolean;
  readonly incomplete: boolean;
}

export interface RestoreOptions extends ResticOptions {
  readonly onProgress?: (progress: RestoreProgress) => void;
}

const OPERATION = 'restore from';
const MAX_ERRORS = 1000;

/** Throws `bug` for an id that is not full. */
export function restoreArgs(request: RestoreRequest, subject: string): string[] {
  const refuse = (message: string): never => {
    throw new HoldfastError({ code: 'bug', operation: OPERATION, subject, message });
  };
  if (!/^[0-9a-f]{64}$/.test(request.snapshotId)) refuse(`not a full snapshot id: ${JSON.stringify(request.snapshotId)}`);
  if (
    request.target === '' ||
    [request.target, request.subpath ?? '', ...(request.includes ?? [])].some((text) => text.includes('\0'))
  ) {
    refuse('the target is empty, or a path contains a NUL');
  }
  return [
    'restore',
    `--target=${request.target}`,
    ...(request.includes ?? []).map((pattern) => `--include=${pattern}`),
    ...(request.verify ? ['--verify'] : []),
    ...(request.sparse ? ['--sparse'] : []),
    ...(request.overwrite === undefined ? [] : [`--overwrite=${request.overwrite}`]),
    ...(request.deleteOthers ? ['--delete'] : []),
    '--',
    request.subpath === undefined ? request.snapshotId : `${request.snapshotId}:${request.subpath}`,
  ];
}

const count = z.number().int().nonnegative();
const statusMessage = z.object({
  percent_done: z.number().catch(0),
  total_files: count.catch(0),
  files_restored: count.catch(0),
  total_bytes: count.catch(0),
  bytes_restored: count.catch(0),
  seconds_elapsed: z.number().catch(0),
});
// restic leaves out what is 0
const summaryMessage = z.object({
  total_files: count.default(0),
  files_restored: count.default(0),
  files_skipped: count.default(0),
  files_deleted: count.default(0),
  total_bytes: count.default(0),
  bytes_restored: count.default(0),
  bytes_skipped: count.default(0),
});

/** Reads restic's two streams line by line; `summary` decides at the end. */
export class RestoreOutput {
  readonly #subject: string;
  readonly #onProgress: ((progress: RestoreProgress) => void) | undefined;
  readonly #errors: ItemError[] = [];
  #errorCount = 0;
  #summary: z.infer<typeof summaryMessage> | null = null;

  constructor(subject: string, onProgress?: (progress: RestoreProgress) => void) {
    this.#subject = subject;
    this.#onProgress = onProgress;
  }

  get errorCount(): number {
    return this.#errorCount;
  }

  readonly line = (line: string): void => {
    const value = parseJson(line);
    const type = messageType(value);
    if (type === 'summary') this.#summary = summaryMessage.safeParse(value).data ?? null;
    else if (type === 'status') this.#status(value);
    else if (type === 'error') this.errorLine(line);
  };

  readonly errorLine = (line: string): void => {
    const error = parseItemError(line);
    if (!error) return;
    this.#errorCount += 1;
    if (this.#errors.length < MAX_ERRORS) this.#errors.push(error);
  };

  /** Throws `tool-output` without a summary. */
  summary(exitCode: number, verify: boolean): RestoreSummary {
    const raw = this.#summary;
    if (!raw) throw unexpectedOutput(OPERATION, this.#subject, `restic ended with exit code ${exitCode} without a summary`);
    const incomplete = exitCode !== 0 || this.#errorCount > 0 || raw.files_restored < raw.total_files;
    return {
      totalFiles: raw.total_files + raw.files_skipped,
      filesRestored: raw.files_restored,
      filesSkipped: raw.files_skipped,
      filesDeleted: raw.files_deleted,
      totalBytes: (raw.total_bytes + raw.bytes_skipped) as Bytes, // restic counts bytes
      bytesRestored: raw.bytes_restored as Bytes,
      bytesSkipped: raw.bytes_skipped as Bytes,
      errors: [...this.#errors],
      errorCount: this.#errorCount,
      verified: verify && !incomplete,
      incomplete,
    };
  }

  #status(value: unknown): void {
    const { data } = statusMessage.safeParse(value);
    if (!data || !this.#onProgress) return;
    this.#onProgress({
      fractionDone: Math.min(1, Math.max(0, data.percent_done)),
      bytesDone: data.bytes_restored as Bytes, // restic counts bytes
      bytesTotal: data.total_bytes as Bytes,
      filesDone: data.files_restored,
      filesTotal: data.total_files,
      secondsElapsed: data.seconds_elapsed,
    });
  }
}

/**
 * Restores into `target`, which may exist. Resolves with `incomplete` when single files failed; throws when nothing could be
 * restored. Cancelled, it leaves a half-filled target: restore into a staging directory.
 */
export async function resticRestore(
  access: ResticAccess,
  request: RestoreRequest,
  options: RestoreOptions,
): Promise<RestoreSummary> {
  const output = new RestoreOutput(access.subject, options.onProgress);
  const { exitCode, stderrTail } = await invokeRestic(
    access,
    {
      args: restoreArgs(request, access.subject),
      operation: OPERATION,
      accept: [0, 1],
      retryLock: request.retryLock,
      onLine: output.line,
      onErrorLine: output.errorLine,
    },
    options,
  );
  // exit code 1 is both 'some files failed' and 'nothing was done'; only the former names files and has a summary
  if (exitCode === 1 && output.errorCount === 0)
    throw classifyFailure({ operation: OPERATION, subject: access.subject, exitCode, stderrTail });
  return output.summary(exitCode, request.verify ?? false);
}
