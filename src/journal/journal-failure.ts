// What SQLite and the file system say when the journal cannot be used, as one kind of error with the way out.

import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, HoldfastError } from '../lib/errors.ts';

// https://www.sqlite.org/rescode.html
export const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

const resultCode = (error: unknown): number | null =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : null;

/** Whether `error` says that the file on disk is not a sound journal. */
export const isDamage = (error: unknown): boolean => [SQLITE_CORRUPT, SQLITE_NOTADB].includes(resultCode(error) ?? 0);

/** Any error of the journal as a HoldfastError; `file` is the journal's full path. */
export function journalFailure(error: unknown, file: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const full = resultCode(error) === SQLITE_FULL || errnoOf(error) === 'ENOSPC';
  return new HoldfastError({
    code: full ? 'no-space' : 'journal-unusable',
    operation: 'use the journal',
    subject: file,
    ...((full ? null : explained(error, reason, file)) ?? {
      message: `nothing can be recorded there: ${reason}`,
      hint: 'Make the state directory writable for this user (and not full), or choose another with --state-dir.',
    }),
    retry: 'later',
    cause: error,
  });
}

interface Explanation {
  readonly message: string;
  readonly hint: string;
}

function explained(error: unknown, reason: string, file: string): Explanation | null {
  if (!isDamage(error)) return obstacle(file);
  return {
    message: `it is damaged: ${reason}`,
    hint: 'The next command moves it aside and starts a new one; history is lost, no backup is.',
  };
}

/** Why this user cannot read and write the journal, its log or the directory they lie in; null when nothing bars that. */
export function obstacle(file: string): (Explanation & { readonly paths: readonly string[] }) | null {
  const directory = dirname(file);
  const { R_OK, W_OK, X_OK } = constants;
  const barred = barrier(directory, R_OK | W_OK | X_OK);
  if (barred === 'ENOTDIR' || statOf(directory)?.isDirectory() === false) {
    return {
      paths: [directory],
      message: `${directory} is not a directory`,
      hint: 'Choose another with stateDir or --state-dir.',
    };
  }
  const files = [file, `${file}-wal`, `${file}-shm`].filter((each) => barrier(each, R_OK | W_OK) !== null);
  const closed = barred === null ? files : [directory];
  const [first] = closed;
  if (first === undefined) return null;
  if (barrier(first, W_OK) === 'EROFS') {
    return {
      paths: closed,
      message: `${first} is on a file system that is mounted read-only`,
      hint: 'See why (findmnt, dmesg) and mount it writable, or choose another state directory with --state-dir.',
    };
  }
  const owners = new Set(closed.map((each) => statOf(each)?.uid));
  const ours = owners.size === 1 && owners.has(process.geteuid?.());
  return {
    paths: closed,
    message: `this user may not read and write ${closed.join(', ')}`,
    hint: ours
      ? `chmod u+rwX ${closed.join(' ')}`
      : `Run as the owner (ls -ld ${closed.join(' ')}), or choose another state directory with --state-dir.`,
  };
}

/** The errno that keeps this user from `path`; null when nothing does, or nothing is there. */
function barrier(path: string, mode: number): string | null {
  try {
    accessSync(path, mode);
    return null;
  } catch (error) {
    const errno = errnoOf(error) ?? 'unknown';
    return errno === 'ENOENT' ? null : errno;
  }
}

function statOf(path: string): ReturnType<typeof statSync> | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined; // on the way there is something that keeps us out
  }
}
