// A program that did not succeed, and the error that it becomes: what its code and words mean, each tool says itself.

import { type ErrorCode, HoldfastError, type Retry } from '../lib/errors.ts';

export interface ToolFailure {
  readonly operation: string;
  readonly subject: string;
  readonly exitCode: number | null;
  readonly endedBy?: NodeJS.Signals | null;
  readonly stderrTail: readonly string[];
}

export interface Meaning {
  readonly code: ErrorCode;
  /** In place of its own words. */
  readonly message?: string;
  readonly hint: string;
  readonly retry: Retry;
}

/** `said`: its own last word, where it had one. */
export function toolError(
  name: string,
  { operation, subject, exitCode, endedBy = null, stderrTail }: ToolFailure,
  { code, message, hint, retry }: Meaning,
  said: string | null,
): HoldfastError {
  const ended = endedBy === null ? `ended with exit code ${exitCode}` : `was ended by ${endedBy}`;
  return new HoldfastError({
    code,
    operation,
    subject,
    message: message ?? said ?? `${name} ${ended} and said nothing`,
    hint,
    retry,
    tool: { name, exitCode, stderrTail },
  });
}
