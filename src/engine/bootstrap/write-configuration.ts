// Puts a configuration where it belongs: staged beside it, read again, and renamed into place. One that is there is never
// overwritten; when it shall be replaced it is kept aside.

import { link, mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { StepContext } from '../../domain/plan.ts';
import { syncDirectory, writeDurably } from '../../lib/durable-file.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { fileSystemFailure } from '../restore/file-system-failure.ts';
import { siblingName } from '../restore/restore-places.ts';
import { holdStaging } from '../restore/staging.ts';

export interface Written {
  /** Where the old one is; null when there was none. */
  readonly kept: string | null;
}

/** Mode 0600. Throws `refused` when there is one, unless `force`. */
export async function writeConfiguration(
  file: string,
  text: string,
  force: boolean,
  context: StepContext,
): Promise<Written> {
  const directory = dirname(file);
  await attempt('make the directory', directory, () => mkdir(directory, { recursive: true, mode: 0o700 }));
  const staging = join(directory, siblingName(file, 'restoring', context.runId));
  await using _staged = await holdStaging(context, staging);
  const draft = join(staging, basename(file));
  await attempt('write', draft, () => writeDurably(draft, text, 0o600));
  context.signal.throwIfAborted();
  const kept = force ? await keepAside(file, join(directory, siblingName(file, 'before', context.runId))) : null;
  // link, unlike rename, does not replace what somebody has put there meanwhile
  await attempt('write', file, () => (force ? rename(draft, file) : link(draft, file)));
  await attempt('write', file, () => syncDirectory(directory));
  return { kept };
}

/** A second name of it, so that there is one at every moment. */
async function keepAside(file: string, aside: string): Promise<string | null> {
  try {
    await link(file, aside);
    return aside;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw fileSystemFailure(error, 'keep', file, 'Move it aside by hand, and try again.');
  }
}

async function attempt<Value>(operation: string, path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw existing(path);
    throw fileSystemFailure(error, operation, path, 'Write it elsewhere with --out, or as a user who may.');
  }
}

export const existing = (file: string): HoldfastError =>
  new HoldfastError({
    code: 'refused',
    operation: 'write',
    subject: file,
    message: 'there is a configuration already',
    hint: 'Look at it first. --force replaces it and keeps it aside; --out FILE writes elsewhere.',
  });
