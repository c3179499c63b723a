// What is asked of paths before anything is restored to them. Nothing here changes anything.

import type { Stats } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { contains } from '../../config/repository-url.ts';
import { type ErrorCode, errnoOf, HoldfastError } from '../../lib/errors.ts';

/** Both normalised; a place is within itself. */
export const isWithin = (place: string, outer: string): boolean => place === outer || contains(outer, place);

/** Without links; as it is where it does not exist now. */
export async function realOr(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return path;
  }
}

/** Of the link, if it is one; null when there is nothing. */
export async function statOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw refuse(
      'permission-denied',
      path,
      `it cannot be looked at: ${errnoOf(error) ?? String(error)}`,
      'Restore as a user who may.',
    );
  }
}

/** What is `refused` is so the next time; a disk that is full, or not mounted yet, may be well by then. */
export const refuse = (code: ErrorCode, path: string, message: string, hint: string): HoldfastError =>
  new HoldfastError({
    code,
    operation: 'restore to',
    subject: path,
    message,
    hint,
    retry: code === 'refused' ? 'never' : 'later',
  });
