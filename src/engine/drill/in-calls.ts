// Many files by name, as restic's include patterns: as many calls as one argument list can hold.

import { literalPattern } from '../../tools/restic/pattern.ts';

/** A quarter of what Linux allows an argument list with its environment at the usual size of a stack. */
const MOST_BYTES = 512 * 1024;

export function inCalls(files: readonly { readonly path: string }[]): string[][] {
  const calls: string[][] = [];
  let size = Infinity;
  for (const { path } of files) {
    const pattern = literalPattern(path);
    const bytes = Buffer.byteLength(pattern) + 24;
    if (size + bytes > MOST_BYTES) {
      calls.push([]);
      size = 0;
    }
    calls.at(-1)?.push(pattern);
    size += bytes;
  }
  return calls;
}
