// Where a program is on PATH, so that a missing one is a clear error before anything is started.

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The absolute path of `name` (or `name` itself when it has a slash and is executable); null when there is none. */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | null {
  if (name.includes('/')) return isExecutable(name) ? name : null;
  for (const directory of path.split(delimiter)) {
    const candidate = join(directory || '.', name);
    if (isExecutable(candidate)) return candidate;
  }
  return null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // does not exist or may not be looked at: for the caller the same
  }
}
