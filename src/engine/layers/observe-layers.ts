// What is layered at the paths of one service: the kernel is asked where each path leads, here and in the namespace of the
// service's own process. Changes nothing; whatever might hang is asked by children that can be killed.

import { readlink } from 'node:fs/promises';
import type { ServiceConfig } from '../../config/configuration.ts';
import type { LayerFinding } from '../../domain/layer-words.ts';
import { layersAt } from '../../domain/mount-layers.ts';
import { type Elsewhere, elsewhereAt, type ServiceProcess } from '../../domain/mount-view.ts';
import { isSamePlace, MountTable, placeIn } from '../../domain/mount.ts';
import { untilAborted } from '../../lib/abort.ts';
import { errnoOf } from '../../lib/errors.ts';
import { normalPath } from '../../lib/path.ts';
import { leadsTo, mountsOfProcess } from '../../repositories/mounts.ts';
import { presenceOf } from '../../tools/util-linux/probe.ts';
import type { ObservedScene } from './observe-scene.ts';

export interface LayeredPath {
  /** As it is declared. */
  readonly path: string;
  /** Where it leads, without links. */
  readonly real: string;
  /** The gravest first. */
  readonly findings: readonly LayerFinding[];
}

/** Whose data is looked at. */
export interface Held {
  /** Of the service. */
  readonly name: string;
  readonly paths: readonly string[];
  /** That should hold them, where that is declared. */
  readonly dataset: string | null;
}

export const heldBy = ({ name, backup }: Pick<ServiceConfig, 'name' | 'backup'>): Held => ({
  name,
  paths: backup?.paths ?? [],
  dataset: backup?.zfsDataset ?? null,
});

/** The directory of the PostgreSQL server of a service, if it has one. */
export const serverHeldBy = ({ name, backup, postgres }: Pick<ServiceConfig, 'name' | 'backup' | 'postgres'>): Held => {
  const server = postgres ?? backup?.dumps?.server ?? null;
  return { name, paths: server === null ? [] : [server.dataDir], dataset: null };
};

/** `present`: those of its paths that are there. Throws `failed` when a file system does not answer. */
export async function layersOf(
  { name, paths, dataset }: Held,
  present: readonly string[],
  scene: ObservedScene,
  signal: AbortSignal,
): Promise<LayeredPath[]> {
  const view = await viewOf(scene.processes.get(name), scene.mounts);
  return await Promise.all(
    paths.map(async (path): Promise<LayeredPath> => {
      const led = present.includes(path) ? await untilAborted(leadsTo(path), signal) : null;
      const real = led?.path ?? normalPath(path);
      const layers = layersAt({ path: real, dataset, held: led?.mount ?? null }, scene);
      const elsewhere = led && view ? await elsewhereOf(real, view, scene.mounts, signal) : [];
      return { path, real, findings: [...elsewhere, ...layers] };
    }),
  );
}

interface View {
  readonly process: ServiceProcess;
  readonly mounts: MountTable;
}

/** Null where the process sees what we see, has a root of its own (its paths are others), is gone, or may not be looked at. */
async function viewOf(process: ServiceProcess | undefined, mounts: MountTable): Promise<View | null> {
  if (!process) return null;
  const [own, other] = await Promise.all(['self', process.pid].map((pid) => namespaceOf(pid)));
  if (other === null || own === other) return null;
  const all = await mountsOfProcess(process.pid);
  if (all === null) return null;
  const theirs = new MountTable(all);
  const [root, theirRoot] = [mounts.holderOf('/'), theirs.holderOf('/')];
  const same = root !== null && theirRoot !== null && isSamePlace(placeIn(root, '/'), placeIn(theirRoot, '/'));
  return same ? { process, mounts: theirs } : null;
}

async function namespaceOf(pid: number | string): Promise<string | null> {
  try {
    return await readlink(`/proc/${pid}/ns/mnt`);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

async function elsewhereOf(path: string, view: View, mounts: MountTable, signal: AbortSignal): Promise<Elsewhere[]> {
  const there = `/proc/${view.process.pid}/root${path}`;
  const { present } = await presenceOf([there], signal);
  if (present.length === 0) return []; // what it does not see it does not write
  const led = await untilAborted(leadsTo(there), signal);
  const theirs = led === null ? null : view.mounts.byId(led.mount);
  const ours = mounts.holderOf(path);
  const found = ours && theirs && elsewhereAt(path, ours, theirs, view.process);
  return found ? [found] : [];
}
