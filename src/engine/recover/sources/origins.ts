// Which datasets hold the paths of a service, and what of each: where snapshots and replicas of them are looked for, and what of a
// snapshot takes the place of what. Nothing here changes anything.

import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Mount, MountTable } from '../../../domain/mount.ts';
import { datasetPiece } from '../../../domain/snapshot-pieces.ts';
import type { SeenPath } from '../../../domain/recovery.ts';
import { errnoOf } from '../../../lib/errors.ts';
import type { Cover } from '../../../tools/util-linux/mount-view.ts';

export interface Origin {
  /** As it is declared. */
  readonly path: string;
  /** The same, without links on the way to it. */
  readonly real: string;
  readonly wasEmpty: boolean;
  readonly mount: Mount;
}

export interface Origins {
  readonly paths: readonly Origin[];
  /** Each once. */
  readonly datasets: readonly string[];
}

/** Or why there is no snapshot of them to be had. */
export async function originsOf(seen: readonly SeenPath[], mounts: MountTable): Promise<Origins | { readonly why: string }> {
  const paths: Origin[] = [];
  for (const { path, wasEmpty } of seen) {
    const real = await realOf(path); // oxlint-disable-line no-await-in-loop -- a handful
    if (real === null) return { why: `${dirname(path)} does not exist, so that nobody knows which dataset holds ${path}` };
    const mount = mounts.holderOf(real);
    if (mount === null || mount.type !== 'zfs' || mount.source.includes('@'))
      return { why: `${path} lies on ${mount?.type ?? 'nothing'}, not in a dataset of ZFS` };
    if (mount.path === '/') return { why: `${path} lies in the dataset of /, in whose place nothing can be put` };
    paths.push({ path, real, wasEmpty, mount });
  }
  return { paths, datasets: [...new Set(paths.map(({ mount }) => mount.source))] };
}

/** The path itself may be gone. */
async function realOf(path: string): Promise<string | null> {
  try {
    return join(await realpath(dirname(path)), basename(path));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

/** `snapshotOf`: by dataset, the full name of what is seen in its place. */
export const coversOf = ({ paths }: Origins, snapshotOf: (dataset: string) => string): Cover[] =>
  [...new Map(paths.map(({ mount }) => [mount.path, mount])).values()]
    .toSorted((one, other) => (one.path < other.path ? -1 : 1)) // the outer before the inner
    .map((mount) => {
      const { directory } = datasetPiece({ at: mount.path, mount });
      return { from: { zfs: snapshotOf(mount.source) }, directory, over: mount.path };
    });
