// Puts files and links into a directory of units: each made in a staging directory beside them and renamed into its place, so that
// systemd never reads half of one; and takes away what is no longer wanted.

import { mkdir, open, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StepContext } from '../../domain/plan.ts';
import { errnoOf } from '../../lib/errors.ts';
import { syncFileSystem } from '../../tools/util-linux/sync.ts';
import { fileSystemFailure } from '../restore/file-system-failure.ts';
import { holdStaging } from '../restore/staging.ts';
import type { UnitSet } from './scene.ts';

/** Writes these paths of the set. The directory, and those in it, are made when they are all that is missing. */
export async function writeUnits(
  directory: string,
  set: UnitSet,
  paths: readonly string[],
  context: StepContext,
): Promise<void> {
  await attempt('make the directory', directory, () => makeDirectory(directory));
  const staging = join(directory, `.holdfast-units-${context.runId.toLowerCase()}`);
  await using _staged = await holdStaging(context, staging, { hint: HINT });
  const draft = (index: number): string => join(staging, String(index));
  const makers = paths.map((path, index) => async (): Promise<void> => {
    const target = set.links.get(path);
    if (target !== undefined) await symlink(target, draft(index));
    else await writeFile(draft(index), set.files.get(path) ?? '');
  });
  await attempt('write units into', directory, () => Promise.all(makers.map((make) => make())));
  await syncFileSystem(staging, context.signal);
  context.signal.throwIfAborted();
  const inner = new Set(paths.map(dirname).filter((name) => name !== '.'));
  await attempt('write units into', directory, async () => {
    for (const name of inner) await makeDirectory(join(directory, name)); // oxlint-disable-line no-await-in-loop -- few
    await Promise.all(paths.map((path, index) => rename(draft(index), join(directory, path))));
  });
}

/** If that is all that is missing. */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o755 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

/** Also the directories that held nothing else. */
export async function removeUnits(directory: string, paths: readonly string[]): Promise<void> {
  await attempt('remove units from', directory, () =>
    Promise.all(paths.map((path) => rm(join(directory, path), { force: true }))),
  );
  const inner = [...new Set(paths.map(dirname))].filter((name) => name.endsWith('.d'));
  await Promise.all(inner.map((name) => removeIfEmpty(join(directory, name))));
}

async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error; // somebody else's drop-ins are in it
  }
}

async function writeFile(file: string, text: string): Promise<void> {
  await using handle = await open(file, 'wx', 0o644);
  await handle.chmod(0o644); // whatever the umask
  await handle.writeFile(text);
}

async function attempt<Value>(operation: string, subject: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw fileSystemFailure(error, operation, subject, HINT);
  }
}

const HINT =
  'Run it as root. Where that directory is read-only (NixOS), write them elsewhere with `holdfast units write --dir DIR`, and declare them there.';
