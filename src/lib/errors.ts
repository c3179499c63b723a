// The one error type. It says what was being done (operation), to what (subject), what happened (message and the tool's
// last lines), what to do now (hint), and whether trying again can help (retry). It never contains a secret.

import type { JsonObject } from './json.ts';

/** Stable names of what can go wrong; `exitCodeOf` in domain/exit-code.ts maps each to the process's exit code. */
export type ErrorCode =
  | 'usage' // the command line is wrong
  | 'bug' // Holdfast itself is wrong
  | 'busy' // something else holds what this needs
  | 'config' // the configuration is wrong
  | 'interrupted' // SIGINT or SIGTERM
  | 'timed-out'
  | 'tool-missing' // a program is not installed
  | 'tool-too-old'
  | 'tool-failed' // a program exited with an error that has no better name
  | 'tool-output' // a program's output was not what its contract says
  | 'wrong-password'
  | 'secret-unreadable' // the password or credential cannot be read
  | 'repository-missing' // it answered: there is no repository there
  | 'repository-locked' // restic's own lock is held
  | 'repository-unreachable' // it did not answer: nothing is known about it
  | 'repository-damaged'
  | 'damaged' // it was verified, and something in it can no longer be read
  | 'snapshot-missing' // a snapshot that was asked for, or was just written, is not there
  | 'not-mounted'
  | 'no-space'
  | 'permission-denied'
  | 'source-missing' // a declared path does not exist
  | 'source-incomplete' // part of a declared source could not be read
  | 'source-shrank' // a source that had files has none
  | 'hook-failed'
  | 'not-restored' // what was restored is not what the snapshot holds
  | 'refused' // Holdfast will not do it: it smells like a mistake
  | 'journal-unusable'
  | 'unsupported'
  | 'failed';

/** `never`: the same call fails again. `later`: the world must change first. `now`: a second try may succeed. */
export type Retry = 'never' | 'later' | 'now';

/** What an external program said before it failed; `stderrTail` holds its last lines with secrets masked. */
export interface ToolFailure {
  readonly name: string;
  readonly exitCode: number | null;
  readonly stderrTail: readonly string[];
}

export interface ErrorDetails {
  readonly code: ErrorCode;
  /** What was being done, as a verb phrase: 'back up', 'read the configuration'. */
  readonly operation: string;
  /** To what: 'sonarr@nas-primary', a file, a repository. */
  readonly subject: string;
  /** What happened, one sentence without the operation and subject. */
  readonly message: string;
  readonly hint?: string | undefined;
  readonly retry?: Retry;
  readonly tool?: ToolFailure | undefined;
  readonly cause?: unknown;
}

export class HoldfastError extends Error {
  readonly code: ErrorCode;
  readonly operation: string;
  readonly subject: string;
  readonly hint: string | undefined;
  readonly retry: Retry;
  readonly tool: ToolFailure | undefined;

  constructor(details: ErrorDetails) {
    super(details.message, { cause: details.cause });
    this.name = 'HoldfastError';
    this.code = details.code;
    this.operation = details.operation;
    this.subject = details.subject;
    this.hint = details.hint;
    this.retry = details.retry ?? 'never';
    this.tool = details.tool;
  }
}

/** The JSON shape of an error, the same in reports, the journal and `--json` failures. */
export interface ErrorReport extends JsonObject {
  readonly code: ErrorCode;
  readonly message: string;
  readonly operation: string;
  readonly subject: string;
  readonly hint: string | null;
  readonly retry: Retry;
  readonly tool: { readonly name: string; readonly exitCode: number | null; readonly stderrTail: readonly string[] } | null;
}

export function errorReport(error: HoldfastError): ErrorReport {
  return {
    code: error.code,
    message: error.message,
    operation: error.operation,
    subject: error.subject,
    hint: error.hint ?? null,
    retry: error.retry,
    tool: error.tool ? { ...error.tool } : null,
  };
}

/** Any thrown value as a HoldfastError: a foreign one is a bug until somebody classifies it where it was thrown. */
export function asHoldfastError(thrown: unknown, operation: string, subject: string): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  return new HoldfastError({
    code: 'bug',
    operation,
    subject,
    message: thrown instanceof Error ? thrown.message : String(thrown),
    hint: 'This is a bug in Holdfast. Run again with --verbose and report the stack trace.',
    cause: thrown,
  });
}

/** The errno of a Node.js system error ('ENOENT', 'EACCES', ...), or undefined. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
