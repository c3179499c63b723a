// Where the paths of a service lead, for snapshots of what is there; and whether that is the dataset that was declared.

import { MountTable } from '../../domain/mount.ts';
import { type Part, partsAt } from '../../domain/snapshot-pieces.ts';
import { untilAborted } from '../../lib/abort.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { isWithin, normalPath } from '../../lib/path.ts';
import { leadsTo, mounts } from '../../repositories/mounts.ts';
import type { Parts } from '../../sources/snapshots/open.ts';

/** `paths`: those that are there. Throws `config` when the declared dataset is not what holds them. */
export async function lookAtParts(paths: readonly string[], dataset: string | null, signal: AbortSignal): Promise<Parts> {
  const led = await Promise.all(
    paths.map(async (path) => {
      const to = await untilAborted(leadsTo(path), signal);
      return { path: to?.path ?? normalPath(path), mount: to?.mount ?? null };
    }),
  );
  const table = new MountTable(await mounts());
  const parts = partsAt(led, table);
  const other = dataset === null ? null : outsideOf(dataset, parts, led);
  if (other !== null && dataset !== null) throw disagreement(dataset, other);
  return { parts, mounts: table };
}

/** The first declared path that lies neither in the dataset nor in one below it. */
const outsideOf = (dataset: string, parts: readonly Part[], led: readonly { readonly path: string }[]): Part | null =>
  parts.find(
    ({ at, mount }) => led.some(({ path }) => path === at) && !(mount.type === 'zfs' && isWithin(dataset, mount.source)),
  ) ?? null;

const disagreement = (dataset: string, { at, mount }: Part): HoldfastError =>
  new HoldfastError({
    code: 'config',
    operation: 'make a snapshot of',
    subject: dataset,
    message: `zfsDataset is ${dataset}, but ${at} lies in ${mount.source} (${mount.type})`,
    hint: 'Correct zfsDataset, or take it out: with useSnapshots: true the dataset of each path is found by itself.',
  });
