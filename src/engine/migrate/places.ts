// The names of a migration: all beside the path of the service, and all carrying the run's id, so that nothing else has them.

import { dirname, join } from 'node:path';
import { siblingName, siblingPrefix } from '../restore/restore-places.ts';

/** Where the dataset is mounted while it is filled. */
export const temporaryOf = (path: string, runId: string): string => beside(path, 'migrating', runId);

/** Where the old directory is kept. */
export const asideOf = (path: string, runId: string): string => beside(path, 'before-migration', runId);

/** The mountpoint of a dataset that the service no longer runs on. */
export const keptOf = (path: string, runId: string): string => beside(path, 'rolled-back', runId);

/** Whether it is a name that only `asideOf` gives: what is read from a property must not name anything else to remove. */
export const isAsideOf = (path: string, aside: string): boolean =>
  dirname(aside) === dirname(path) &&
  /^[0-9A-Z]{26}$/.test(aside.slice(join(dirname(path), siblingPrefix(path, 'before-migration')).length)) &&
  aside.startsWith(join(dirname(path), siblingPrefix(path, 'before-migration')));

const beside = (path: string, what: Parameters<typeof siblingName>[1], runId: string): string =>
  join(dirname(path), siblingName(path, what, runId));
