// Puts a page into a file: made beside it under another name, and renamed once it is whole and on disk. Whoever looks finds the
// old page or the new one; a page with secrets is never open to others, not for a moment, also where the old one was.

import { randomBytes } from 'node:crypto';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EffectKind } from '../../domain/effect.ts';
import type { StepContext } from '../../domain/plan.ts';
import { replaceDurably, writeDurably } from '../../lib/durable-file.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { fileSystemFailure } from '../restore/file-system-failure.ts';

/** A page that is being written; undone by removal. */
export const UNFINISHED_PAGE: EffectKind = {
  kind: 'unfinished-page',
  independent: true,
  async undo({ file }) {
    if (typeof file === 'string') await rm(file, { force: true });
  },
};

const OPERATION = 'write the page';

/** `file` is absolute. Its directory is made if that is all that is missing. */
export async function writePage(
  context: Pick<StepContext, 'hold' | 'runId'>,
  file: string,
  content: string,
  mode: 0o600 | 0o644,
): Promise<void> {
  try {
    await assertReplaceable(file);
    await makeDirectory(dirname(file), mode === 0o600 ? 0o700 : 0o755);
    const draft = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}`);
    const write = (): Promise<void> => writeDurably(draft, content, mode);
    await using _draft = await context.hold(UNFINISHED_PAGE.kind, { file: draft }, write);
    await replaceDurably(draft, file);
  } catch (error) {
    throw fileSystemFailure(
      error,
      OPERATION,
      file,
      'Choose a directory that exists and that this user can write to, with --out.',
    );
  }
}

/** Not what is above it: where that is missing, it is a typo or a disk that is not mounted. (And Node.js's own `recursive` never ends in /proc.) */
async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

/** A device, a pipe or a link is somebody's, and what it leads to may be anybody's. Throws `usage`. */
export async function assertReplaceable(file: string): Promise<void> {
  const there = await lstat(file).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw fileSystemFailure(error, OPERATION, file, 'Choose another place with --out.');
  });
  if (there === null || there.isFile()) return;
  throw new HoldfastError({
    code: 'usage',
    operation: OPERATION,
    subject: file,
    message: there.isSymbolicLink() ? 'it is a symbolic link' : 'it is no ordinary file',
    hint: 'A page is written to a new file, or in place of an ordinary one: choose another name for --out.',
  });
}
