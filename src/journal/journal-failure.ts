// What SQLite and the file system say when the journal cannot be used, as one kind of error with the way out.

import { errnoOf, HoldfastError } from '../lib/errors.ts';

// https://www.sqlite.org/rescode.html
export const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

const resultCode = (error: unknown): number | null =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null;

/** Whether `error` says that the file on disk is not a sound journal. */
export const isDamage = (error: unknown): boolean => [SQLITE_CORRUPT, SQLITE_NOTADB].includes(resultCode(error) ?? 0);

/** Any error of the journal as a HoldfastError; `subject` is the state directory where it is known. */
export function journalFailure(error: unknown, subject = 'journal.db'): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const full = resultCode(error) === SQLITE_FULL || errnoOf(error) === 'ENOSPC';
  return new HoldfastError({
    code: full ? 'no-space' : 'journal-unusable',
    operation: 'use the journal',
    subject,
    message: isDamage(error) ? `it is damaged: ${reason}` : `nothing can be recorded there: ${reason}`,
    hint: isDamage(error)
      ? 'The next command moves it aside and starts a new one; history is lost, no backup is.'
      : 'Make the state directory writable for this user (and not full), or choose another with --state-dir.',
    retry: 'later',
    cause: error,
  });
}
