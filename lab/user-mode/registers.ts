// What User-Mode Linux needs in front of the C library on processors with AMX (registers.c says why).

import { join } from 'node:path';
import { run } from '../command.ts';
import { hasProcessorFlag } from '../surroundings.ts';

export const needsRegisters = (): boolean => hasProcessorFlag('amx_tile');

/** Made in that directory. Null where it is not needed. */
export async function makeRegisters(directory: string): Promise<string | null> {
  if (!needsRegisters()) return null;
  const made = join(directory, 'registers.so');
  const source = join(import.meta.dirname, 'registers.c');
  const argv: [string, ...string[]] = ['gcc', '-O2', '-shared', '-fPIC', '-nostdlib', '-o', made, source];
  await run({ argv, operation: 'compile', subject: source });
  return made;
}
