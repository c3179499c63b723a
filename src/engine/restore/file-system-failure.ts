// What the kernel refused while restored data was put in place, as an error that says what to do.

import { type ErrorCode, errnoOf, HoldfastError } from '../../lib/errors.ts';

const CODES = new Map<string, ErrorCode>([
  ['ENOSPC', 'no-space'],
  ['EDQUOT', 'no-space'],
  ['EACCES', 'permission-denied'],
  ['EPERM', 'permission-denied'],
  ['EROFS', 'permission-denied'],
  ['ENOTEMPTY', 'refused'],
  ['EEXIST', 'refused'],
  ['ENOTDIR', 'refused'],
]);

/** Anything that is no system error is answered as it is: it is a bug, or has been classified already. */
export function fileSystemFailure(thrown: unknown, operation: string, subject: string, hint: string): unknown {
  const errno = errnoOf(thrown);
  if (errno === undefined || thrown instanceof HoldfastError) return thrown;
  return new HoldfastError({
    code: CODES.get(errno) ?? 'failed',
    operation,
    subject,
    message: thrown instanceof Error ? thrown.message : errno,
    hint,
    retry: 'later',
    cause: thrown,
  });
}
