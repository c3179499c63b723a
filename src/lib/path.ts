// Absolute paths as text: nothing here looks at a file system.

import { posix } from 'node:path';

/** `/a/./b//c/` -> `/a/b/c`: two writings of one place compare equal. */
export const normalPath = (path: string): string => posix.normalize(path).replace(/(?<=.)\/$/, '');

/** Whether `inner` lies below `outer`, both normalised; a directory does not contain itself. */
export const contains = (outer: string, inner: string): boolean =>
  inner !== outer && inner.startsWith(outer === '/' ? '/' : `${outer}/`);

/** Whether `inner` is `outer` or lies below it. */
export const isWithin = (outer: string, inner: string): boolean => inner === outer || contains(outer, inner);

/** What leads from `outer` to `inner`, which is within it: '' or 'a/b'. */
export const below = (outer: string, inner: string): string => inner.slice(outer.length).replace(/^\//, '');
