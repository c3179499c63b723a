// Remembers between processes which version a restic program is, so that an unchanged one is not started only to be asked.
// Only of real binaries: a script may start another restic tomorrow without having changed itself.

import { closeSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../lib/errors.ts';

/** What tells one program from another without starting it. */
interface Remembered {
  readonly program: string;
  readonly identity: string;
  /** What it printed when it was asked. */
  readonly output: string;
}

const fileIn = (directory: string): string => join(directory, 'restic-version.json');

/** What this very program answered when it was asked last; null when that is not known. */
export function rememberedAnswer(directory: string, program: string): string | null {
  try {
    const stored = JSON.parse(readFileSync(fileIn(directory), 'utf8')) as Partial<Remembered>; // checked field by field
    if (stored.program !== program || stored.identity !== identityOf(program)) return null;
    return typeof stored.output === 'string' ? stored.output : null;
  } catch (error) {
    if (errnoOf(error) === undefined && !(error instanceof SyntaxError)) throw error;
    return null; // never written, or not whole: it is asked again
  }
}

/** Where it cannot be stored it is asked again next time. */
export function rememberAnswer(directory: string, program: string, output: string): void {
  const temporary = `${fileIn(directory)}.${process.pid}`;
  try {
    if (!isBinary(program)) return;
    writeFileSync(temporary, JSON.stringify({ program, identity: identityOf(program), output }), { mode: 0o600 });
    renameSync(temporary, fileIn(directory));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}

function identityOf(program: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(program, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function isBinary(program: string): boolean {
  const magic = Buffer.alloc(4);
  const handle = openSync(program, 'r');
  try {
    readSync(handle, magic);
  } finally {
    closeSync(handle);
  }
  return magic.equals(Buffer.from('\x7fELF', 'latin1'));
}
