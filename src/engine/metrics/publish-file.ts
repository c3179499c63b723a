// Puts a generated text where others read it: whole or not at all, under its name only when it is on disk, readable for everybody.
// Not a plan: nothing of the host's state changes by it, and it is written every five minutes (see docs/adr/0019-metrics.md).

import { randomBytes } from 'node:crypto';
import { lstat, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { duration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { replaceDurably, writeDurably } from '../../lib/durable-file.ts';
import { type ErrorCode, errnoOf, HoldfastError } from '../../lib/errors.ts';

export interface Publication {
  /** Absolute. */
  readonly file: string;
  readonly text: string;
  /** 'write metrics' */
  readonly operation: string;
  readonly now: Instant;
}

/** Throws when the directory is missing or cannot be written, or something else than a file lies there; then nothing is changed. */
export async function publishFile({ file, text, operation, now }: Publication): Promise<void> {
  const fail = (error: unknown): unknown => failure(error, operation, file);
  try {
    await assertReplaceable(file, operation);
    await removeAbandoned(file, now);
    const draft = join(dirname(file), `${draftPrefix(file)}${randomBytes(6).toString('hex')}`);
    await using _gone = { [Symbol.asyncDispose]: () => rm(draft, { force: true }) };
    await writeDurably(draft, text, 0o644); // its reader is another user
    await replaceDurably(draft, file);
  } catch (error) {
    throw fail(error);
  }
}

/** The node exporter reads what ends with .prom: a draft never does. */
const draftPrefix = (file: string): string => `.${basename(file)}.draft-`;

const ABANDONED_AFTER = duration(1, 'h');

/** What a process left that died in the middle. A younger one may be somebody's at work. */
async function removeAbandoned(file: string, now: Instant): Promise<void> {
  const directory = dirname(file);
  const drafts = (await readdir(directory)).filter((name) => name.startsWith(draftPrefix(file)));
  await Promise.all(
    drafts.map(async (name) => {
      const { mtimeMs } = await stat(join(directory, name));
      if (elapsed(mtimeMs as Instant, now) > ABANDONED_AFTER) await rm(join(directory, name), { force: true });
    }),
  );
}

async function assertReplaceable(file: string, operation: string): Promise<void> {
  const there = await lstat(file).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (there === null || there.isFile()) return;
  throw new HoldfastError({
    code: 'refused',
    operation,
    subject: file,
    message: there.isSymbolicLink() ? 'it is a symbolic link' : 'it is no ordinary file',
    hint: 'Name a file that does not exist yet, or an ordinary one, which is replaced.',
  });
}

const CODES = new Map<string, ErrorCode>([
  ['ENOSPC', 'no-space'],
  ['EDQUOT', 'no-space'],
  ['EACCES', 'permission-denied'],
  ['EPERM', 'permission-denied'],
  ['EROFS', 'permission-denied'],
]);

function failure(error: unknown, operation: string, file: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || error instanceof HoldfastError) return error;
  const directory = dirname(file);
  const message =
    { ENOENT: `the directory ${directory} does not exist`, ENOTDIR: `${directory} is no directory` }[errno] ??
    (CODES.get(errno) === 'permission-denied'
      ? `this user cannot write to ${directory} (${errno})`
      : error instanceof Error
        ? error.message
        : errno);
  return new HoldfastError({
    code: CODES.get(errno) ?? 'failed',
    operation,
    subject: file,
    message,
    hint: `Nothing was written. Make the directory for this user (sudo install -d ${directory}), or name another file.`,
    retry: 'later',
    cause: error,
  });
}
