// The dumps of a copy beside where they are loaded from, proven to be what the snapshot holds.

import { chmod, lchown, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { StepContext } from '../../domain/plan.ts';
import { literalPattern } from '../../tools/restic/pattern.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';
import { checkSpace, type Proven, type RestoreOrder, restoreAndProve } from '../restore/prove.ts';
import type { Toolbox } from '../toolbox.ts';

export interface StagedDumps {
  readonly proven: Proven;
  /** Where they are. */
  readonly directory: string;
}

export interface WantedDumps {
  /** Where they stand in the snapshot. */
  readonly place: string;
  /** Null: all that is there. */
  readonly files: readonly string[] | null;
  /** Who is let read them beside us; null: nobody. */
  readonly reader: Owner | null;
}

/** `root`: a directory of ours, which is there. */
export async function stageDumps(
  order: RestoreOrder,
  { place, files, reader }: WantedDumps,
  root: string,
  toolbox: Toolbox,
  context: StepContext,
): Promise<StagedDumps> {
  const includes = files?.map((file) => join(place, file)) ?? [];
  const wanted = files === null ? [place] : includes;
  await checkSpace({ ...order, includes }, root, context);
  const isWanted = (path: string): boolean =>
    wanted.some((each) => path === each || each.startsWith(`${path}/`) || path.startsWith(`${each}/`));
  const staging = join(root, 'restored');
  const proof = { place: (path: string) => (isWanted(path) ? staging + path : null), roots: [staging], wanted };
  const proven = await restoreAndProve(
    order,
    [{ target: staging, includes: wanted.map(literalPattern) }],
    proof,
    toolbox,
    context,
  );
  const directory = join(root, 'dumps');
  await rename(staging + place, directory);
  if (reader === null) return { proven, directory };
  const names = await readdir(directory);
  for (const name of names) await letRead(join(directory, name), 0o640, reader); // oxlint-disable-line no-await-in-loop -- a handful
  await letRead(directory, 0o750, reader);
  await letRead(root, 0o710, reader);
  return { proven, directory };
}

/** By its group: what stays ours nobody else can exchange for something, which we would then read, give away or remove. */
async function letRead(path: string, mode: number, { gid }: Owner): Promise<void> {
  if (process.getuid?.() !== 0) return;
  await lchown(path, 0, gid);
  await chmod(path, mode);
}
