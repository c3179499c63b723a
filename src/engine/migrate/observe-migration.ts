// What a decision about a migration rests on, looked at. Nothing here changes anything.

import { dirname, join, basename } from 'node:path';
import type { Configuration, ServiceConfig } from '../../config/configuration.ts';
import { localDirectory, normalPath } from '../../config/repository-url.ts';
import type { Bytes } from '../../domain/bytes.ts';
import { ancestorsOf, type DeclaredDataset, parentOf } from '../../domain/dataset.ts';
import { decideDatasets } from '../../domain/dataset-decision.ts';
import { markOf, type MigrationSeen, type PlaceSeen } from '../../domain/migration.ts';
import { contains, isWithin } from '../../lib/path.ts';
import { mountPoints } from '../../repositories/mounts.ts';
import { diskUsage } from '../../tools/util-linux/copy-tree.ts';
import { availableFor } from '../../tools/zfs/destroy.ts';
import { observeStorage } from '../datasets/observe-storage.ts';
import { exists } from '../restore/moves.ts';
import { realOr, statOf } from '../restore/path-facts.ts';
import { sourceAt } from './swap-dataset.ts';
import { usersOf } from './users-of.ts';

export interface Mover {
  readonly service: ServiceConfig;
  readonly declared: DeclaredDataset & { readonly service: string };
}

/** `measure`: whether there is room is asked, too, which reads the whole directory. Throws as `observeStorage`. */
export async function observeMigration(
  { service, declared }: Mover,
  config: Configuration,
  signal: AbortSignal,
  { measure }: { readonly measure: boolean },
): Promise<MigrationSeen> {
  const storage = await observeStorage(config.datasets, signal);
  const state = storage.datasets.get(declared.name) ?? null;
  const mark = markOf(storage.properties.get(declared.name));
  const place = await placeOf(declared.mountpoint);
  const free = new Map([...storage.directories, [declared.mountpoint, { kind: 'absent' as const }]]);
  const decided = decideDatasets(config.datasets, { ...storage, directories: state ? storage.directories : free });
  const above = parentOf(declared.name);
  const nearest = ancestorsOf(declared.name)
    .toReversed()
    .find((name) => storage.datasets.has(name));
  const isMoved = state === null && place.kind === 'directory';
  const mounts = await mountPoints();
  return {
    isRoot: process.getuid?.() === 0,
    state,
    mark,
    decision: decided.find(({ dataset }) => dataset === declared.name) ?? null,
    hasParent: above === null || storage.datasets.has(above),
    place,
    mountsInside: [...mounts].filter((mount) => contains(declared.mountpoint, mount)),
    neighbours: await neighboursOf({ service, declared }, config),
    users: isMoved && service.unit === null ? await usersOf(declared.mountpoint) : [],
    size: isMoved && measure ? await diskUsage(declared.mountpoint, signal) : null,
    free: isMoved && measure && nearest !== undefined ? ((await availableFor(nearest, signal)) as Bytes) : null,
    oldThere: mark !== null && mark.from !== '' && (await exists(mark.from)),
  };
}

async function placeOf(path: string): Promise<PlaceSeen> {
  const source = await sourceAt(path);
  if (source !== null) return { kind: 'mounted', source };
  const stats = await statOf(path);
  if (stats === null) return { kind: 'absent' };
  if (stats.isSymbolicLink()) return { kind: 'link' };
  if (!stats.isDirectory()) return { kind: 'other' };
  const real = join(await realOr(dirname(path)), basename(path));
  return { kind: real === path ? 'directory' : 'link' };
}

/** Everything that is configured and not the service's own. */
async function neighboursOf({ service, declared }: Mover, config: Configuration): Promise<string[]> {
  const { mountpoint } = declared;
  const found: string[] = [];
  for (const { what, where } of belongings(service.name, config)) {
    const places = [normalPath(where), await realOr(where)]; // oxlint-disable-line no-await-in-loop -- a handful
    if (places.some((each) => isWithin(mountpoint, each))) found.push(`${what} (${where})`);
  }
  return [...new Set(found)];
}

function* belongings(service: string, config: Configuration): Generator<{ what: string; where: string }> {
  for (const { name, backup, postgres } of config.services.values()) {
    if (name === service) continue;
    for (const where of backup?.paths ?? []) yield { what: `the data of ${name}`, where };
    if (postgres !== null) yield { what: `the data of ${name}`, where: postgres.dataDir };
  }
  for (const each of config.datasets)
    if (each.service !== service) yield { what: `the dataset ${each.name}`, where: each.mountpoint };
  for (const { name, url } of config.repositories.values()) {
    const where = localDirectory(url);
    if (where !== null) yield { what: `the repository ${name}`, where };
  }
  yield { what: 'the state of Holdfast', where: config.stateDir };
}
