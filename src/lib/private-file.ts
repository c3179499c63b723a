// A small file that only its owner reads, replaced as a whole: whoever reads it sees the old content or the new one.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from './errors.ts';

/** Mode 0600, on disk under its name when this returns. When it throws nothing has changed, and nothing is left. */
export function replacePrivately(file: string, text: string): void {
  const draft = `${file}.${process.pid}.new`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flush: true });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true }); // on a full disk half of it is there
    throw error;
  }
  using directory = openDirectory(dirname(file));
  fsyncSync(directory.descriptor);
}

function openDirectory(path: string): Disposable & { readonly descriptor: number } {
  const descriptor = openSync(path, 'r');
  return { descriptor, [Symbol.dispose]: () => closeSync(descriptor) };
}

/** Null when there is none. */
export function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
