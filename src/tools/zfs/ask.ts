// Running zfs(8) and zpool(8): questions have a short limit, for a pool that is suspended hangs whoever asks it, and every failure
// gets the name that tells what to do.

import { type Duration, duration } from '../../domain/duration.ts';
import { type ErrorCode, HoldfastError, type Retry } from '../../lib/errors.ts';
import { type ProcessResult, runProcess } from '../../process/run-process.ts';

/** For what only reads. */
export const QUESTION: Duration = duration(60, 's');

export interface ZfsCommand {
  readonly argv: readonly [string, ...string[]];
  /** A verb phrase: 'list the datasets of'. */
  readonly operation: string;
  readonly subject: string;
  /** Written to its standard input. */
  readonly stdin?: string;
}

/** Throws `permission-denied`, `busy`, `no-space`, `tool-missing`, `timed-out`, `unsupported` (no kernel module) or `tool-failed`. */
export async function askZfs(command: ZfsCommand, signal: AbortSignal, timeout: Duration = QUESTION): Promise<string> {
  const result = await tryZfs(command, signal, timeout);
  if (result.exitCode !== 0) throw zfsFailure(command, result);
  return result.stdout;
}

/** Whatever the exit code is. `onErrorLine` is given every line that it says, of which the result has only the last. */
export async function tryZfs(
  command: ZfsCommand,
  signal: AbortSignal,
  timeout: Duration = QUESTION,
  onErrorLine?: (line: string) => void,
): Promise<ProcessResult> {
  const asked = { ...command, env: { LC_ALL: 'C', ZFS_COLOR: undefined } };
  try {
    return await runProcess(asked, {
      signal,
      timeout,
      grace: duration(1, 's'),
      verbatim: true,
      ...(onErrorLine ? { onErrorLine } : {}),
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof HoldfastError) || error.code !== 'timed-out') throw error;
    const { code, operation, subject, message, retry, tool } = error;
    throw new HoldfastError({ code, operation, subject, message, hint: SUSPENDED, retry, tool, cause: error });
  }
}

const SUSPENDED = 'The pool may be suspended: see `zpool status -x`, bring the disks back, then `zpool clear POOL`.';

interface Class {
  readonly said: RegExp;
  readonly code: ErrorCode;
  readonly retry: Retry;
  readonly hint: string;
}

/** In this order: the first that matches is it. */
const CLASSES: readonly Class[] = [
  {
    said: /permission denied|Permission denied|insufficient privileges|must be superuser/,
    code: 'permission-denied',
    retry: 'never',
    hint: 'Run it as root. On Linux only root may mount, whatever zfs allow says.',
  },
  {
    said: /dataset is busy|pool or dataset is busy|target is busy|: Device or resource busy/,
    code: 'busy',
    retry: 'later',
    hint: 'Something uses it: see `fuser -vm MOUNTPOINT`; stop the service first.',
  },
  {
    said: /out of space|No space left|Disc quota exceeded|quota exceeded|greater than available space/,
    code: 'no-space',
    retry: 'later',
    hint: 'See `zfs list -o space -r POOL`: a quota, a reservation or snapshots take it.',
  },
  {
    said: /modules cannot be (?:auto-)?loaded|modules are not loaded|\/dev\/zfs/,
    code: 'unsupported',
    retry: 'later',
    hint: 'The kernel module of ZFS is not there: `modprobe zfs`; on Debian the package zfs-dkms.',
  },
  {
    said: /key (?:not|must be) loaded|Key (?:must be|not) loaded|encryption key not loaded/,
    code: 'failed',
    retry: 'later',
    hint: 'Load its key first: zfs load-key DATASET.',
  },
  {
    said: /I\/O is currently suspended|pool I\/O/,
    code: 'failed',
    retry: 'later',
    hint: SUSPENDED,
  },
];

export function zfsFailure(
  { argv, operation, subject }: ZfsCommand,
  { exitCode, stderrTail }: ProcessResult,
): HoldfastError {
  const said = stderrTail.join('\n');
  const known = CLASSES.find((each) => each.said.test(said));
  return new HoldfastError({
    code: known?.code ?? 'tool-failed',
    operation,
    subject,
    message: stderrTail.at(0) ?? `${argv[0]} ended with ${exitCode}`,
    hint: known?.hint,
    retry: known?.retry ?? 'never',
    tool: { name: argv[0], exitCode, stderrTail },
  });
}

/** The fields of `-H`: divided by tabs, lines by newlines; neither can be in a name. */
export const rowsOf = (stdout: string): string[][] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));

export const unexpected = (what: string, line: readonly string[]): HoldfastError =>
  new HoldfastError({
    code: 'tool-output',
    operation: 'read the answer of',
    subject: what,
    message: `a line is not what its manual says: ${line.join(' ').slice(0, 200)}`,
  });
