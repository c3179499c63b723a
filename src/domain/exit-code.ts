// The exit codes of every command: one table, one function from an error to its code.

import type { ErrorCode } from '../lib/errors.ts';

export const EXIT = {
  ok: 0,
  partial: 1,
  failed: 2,
  usage: 64,
  bug: 70,
  busy: 75,
  config: 78,
  interruptedBySigint: 130,
  interruptedBySigterm: 143,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code for an error that ended a command before it had a report. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  switch (code) {
    case 'usage':
      return EXIT.usage;
    case 'bug':
      return EXIT.bug;
    case 'busy':
    case 'repository-locked':
      return EXIT.busy;
    case 'config':
      return EXIT.config;
    case 'interrupted':
      return EXIT.interruptedBySigint;
    default:
      return EXIT.failed;
  }
}
