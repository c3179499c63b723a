// The datasets of services that run on nothing: what is in them must not follow to where their data still is, nor push its
// snapshots out. Those that a service is declared to have, and those that its paths really lie in.

import type { Configuration } from '../../config/configuration.ts';
import type { HeldService } from '../../domain/empty-start.ts';
import { type Mount, MountTable } from '../../domain/mount.ts';
import type { Journal } from '../../journal/journal.ts';
import { untilAborted } from '../../lib/abort.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { contains, isWithin, normalPath } from '../../lib/path.ts';
import { leadsTo, mounts } from '../../repositories/mounts.ts';
import { presenceOf } from '../../tools/util-linux/probe.ts';
import { heldServices } from './empty-starts.ts';

export interface HeldDataset {
  readonly name: string;
  /** Those beneath it, too: all of that is the service's. Else others may live there. */
  readonly beneath: boolean;
  readonly of: HeldService;
}

/** Looks at the mounts only where a service is held. */
export async function heldDatasets(
  { datasets, services }: Pick<Configuration, 'datasets' | 'services'>,
  journal: Pick<Journal, 'keptEffects'>,
  signal: AbortSignal,
): Promise<readonly HeldDataset[]> {
  const held = heldServices(journal);
  if (held.length === 0) return [];
  const table = new MountTable(await mounts());
  const each = await Promise.all(
    held.map(async (of): Promise<HeldDataset[]> => {
      const service = services.get(of.service);
      const declared = [
        ...datasets.flatMap((dataset) => (dataset.service === of.service ? [dataset.name] : [])),
        ...(service?.backup?.zfsDataset ? [service.backup.zfsDataset] : []),
      ].map((name) => ({ name, beneath: true, of }));
      const paths = [...(service?.backup?.paths ?? []), ...(service?.postgres ? [service.postgres.dataDir] : [])];
      const led = await Promise.all(paths.map(async (path) => await whereItLies(normalPath(path), table, signal)));
      return [...declared, ...led.flatMap(({ path, mount }) => datasetsAt(path, mount, table).map((at) => ({ ...at, of })))];
    }),
  );
  return each.flat();
}

/** What does not answer, or is not there, lies where its name leads. */
async function whereItLies(
  path: string,
  table: MountTable,
  signal: AbortSignal,
): Promise<{ readonly path: string; readonly mount: Mount | null }> {
  try {
    const { present } = await presenceOf([path], signal);
    const led = present.length === 0 ? null : await untilAborted(leadsTo(path), signal);
    if (led !== null) return { path: led.path, mount: table.byId(led.mount) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
  }
  return { path, mount: table.holderOf(path) };
}

/** Those that hold what is at `path`, which leads into `mount`: that of the mount, and those that are mounted inside. Pure. */
export const datasetsAt = (
  path: string,
  mount: Mount | null,
  table: MountTable,
): { readonly name: string; readonly beneath: boolean }[] =>
  [...(mount === null ? [] : [mount]), ...table.all.filter((each) => contains(path, each.path))]
    .filter(({ type, source }) => type === 'zfs' && !source.includes('@')) // nobody writes to a snapshot
    .map(({ source, path: point }) => ({ name: source, beneath: isWithin(path, point) }));

/** Null where nothing holds it. */
export const heldWithin = (dataset: string, held: readonly HeldDataset[]): HeldService | null =>
  held.find(({ name, beneath }) => dataset === name || (beneath && dataset.startsWith(`${name}/`)))?.of ?? null;
