// Why a SQLite database could not be copied, and what to do about it.

import { errnoOf, HoldfastError } from '../lib/errors.ts';

// https://www.sqlite.org/rescode.html
export function codeOf(error: unknown): HoldfastError['code'] {
  if (errnoOf(error) === 'ENOSPC') return 'no-space';
  const result = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  if (result === 13) return 'no-space';
  if (result === 5 || result === 6) return 'busy';
  if (result === 14 || result === 8 || result === 23) return 'permission-denied';
  return 'source-incomplete';
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const HINTS: Partial<Record<HoldfastError['code'], string>> = {
  'no-space': 'Free space in the state directory (the spool is made there), or move it with stateDir.',
  'source-missing': 'Correct `databases` of this service, or take the entry out when the database is gone for good.',
  config: 'Declare where it really is: its directory in `paths`, and it in `databases`. restic saves a link as a link.',
  'permission-denied':
    'Run as root or as the owner of the database. A database in WAL mode needs a directory that can be written to as well.',
  busy: 'Another program holds it exclusively: `fuser -v FILE` tells which. Holdfast tries again with the next run.',
  'source-incomplete':
    'Look at it with `sqlite3 FILE "PRAGMA integrity_check"`; the last good copy is in `holdfast snapshots`.',
};

export const failure = (path: string, code: HoldfastError['code'], message: string, cause?: unknown): HoldfastError =>
  new HoldfastError({
    code,
    operation: 'copy the SQLite database',
    subject: path,
    message,
    hint: HINTS[code],
    retry: 'later',
    cause,
  });
