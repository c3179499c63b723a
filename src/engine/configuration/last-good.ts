// The configuration that held last, as one file in the state directory: when a new one does not hold, people can still be told so.
// Nothing else is done by it.

import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { Configuration } from '../../config/configuration.ts';
import { type LoadOptions, readConfiguration } from '../../config/load.ts';
import { errnoOf } from '../../lib/errors.ts';
import { readIfThere, replacePrivately } from '../../lib/private-file.ts';

/** Where a process is told in which state directory to look when no configuration can say it any more. */
export const LAST_STATE_VARIABLE = 'HOLDFAST_LAST_STATE_DIR';

const fileIn = (stateDir: string): string => join(stateDir, 'last-configuration.yaml');

/** Where it cannot be written, telling goes on without it. */
export function rememberConfiguration({ stateDir, portable }: Pick<Configuration, 'stateDir' | 'portable'>): void {
  const file = fileIn(stateDir);
  try {
    if (readIfThere(file) !== portable) replacePrivately(file, portable);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Null where none is remembered, or none that this version understands. */
export async function rememberedConfiguration(
  stateDir: string,
  lookup: Omit<LoadOptions, 'file' | 'stdin'>,
): Promise<Configuration | null> {
  const text = readIfThere(fileIn(stateDir));
  if (text === null) return null;
  const { configuration } = await readConfiguration({ ...lookup, file: '-', stdin: Readable.from([text]) });
  return configuration && { ...configuration, stateDir };
}
