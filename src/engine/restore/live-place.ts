// Whether the live data at a path can be replaced, and how: what is refused before anything is read or written. Nothing here
// changes anything.

import { readdir, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import { contains, localDirectory, normalPath } from '../../config/repository-url.ts';
import type { Journal } from '../../journal/journal.ts';
import { errnoOf } from '../../lib/errors.ts';
import type { Json } from '../../lib/json.ts';
import { mountPoints } from '../../repositories/mounts.ts';
import { isWithin, realOr, refuse, statOf } from './path-facts.ts';
import { PROMOTION } from './promote.ts';
import { homeOf, type LivePlace, siblingPrefix } from './restore-places.ts';

/** Everything on this host that is not the service's own. */
export interface Others {
  readonly service: string;
  readonly services: Iterable<ServiceConfig>;
  readonly repositories: Iterable<RepositoryConfig>;
  readonly stateDir: string;
}

/** Throws `not-mounted` or `refused` when they cannot be replaced safely, each for itself. */
export async function checkLivePlaces(paths: readonly string[], others: Others): Promise<LivePlace[]> {
  const places = await Promise.all(paths.map((path) => checkLivePlace(path, others)));
  for (const outer of places) {
    const inner = places.find((each) => each !== outer && isWithin(each.real, outer.real));
    if (inner === undefined) continue;
    throw refuse(
      'refused',
      inner.path,
      `it is ${inner.real}, inside of ${outer.path}, which comes back with it: one would be moved away with the other`,
      'Declare each directory once, by its own path; restore to a new directory with --to meanwhile.',
    );
  }
  return places;
}

async function checkLivePlace(path: string, others: Others): Promise<LivePlace> {
  const above = await parentOf(path);
  const real = join(above.path, basename(path));
  const mounts = await mountPoints();
  const inside = [...mounts].find((mount) => contains(real, mount));
  if (inside !== undefined) {
    throw refuse(
      'refused',
      path,
      `${inside} is mounted inside it and would be moved aside with it`,
      `Unmount it first (umount ${inside}), or restore elsewhere with --to.`,
    );
  }
  const stats = await statOf(real);
  if (stats?.isSymbolicLink()) {
    throw refuse(
      'refused',
      path,
      `it is a symbolic link (to ${await readlink(real)}), and the data is elsewhere`,
      'Declare the directory itself as the path of the service; what the snapshot holds comes back with --to.',
    );
  }
  const keepsDirectory = mounts.has(real) || (stats !== null && stats.isDirectory() && stats.dev !== above.dev);
  if (keepsDirectory && !stats?.isDirectory()) {
    throw refuse('refused', path, 'a single file is mounted there', 'Restore it elsewhere with --to, and copy its content.');
  }
  const place = { path, real, exists: stats !== null, keepsDirectory };
  await assertOwn(place, others);
  return place;
}

/** Throws `refused` while an earlier restore of this place has neither been finished nor taken back. */
export async function assertSettled(place: LivePlace, journal: Pick<Journal, 'unfinishedRuns'>): Promise<void> {
  const unsettled = journal
    .unfinishedRuns()
    .find(({ effects }) => effects.some(({ kind, payload }) => kind === PROMOTION.kind && namesPath(payload, place)));
  if (unsettled) {
    throw refuse(
      'refused',
      place.path,
      `the restore of run ${unsettled.id} was neither finished nor taken back there`,
      'Each start of Holdfast tries to, and says what keeps it from it (a disk that is not mounted?): see to that first.',
    );
  }
  const home = homeOf(place);
  const names = await readdir(home);
  const left = names.find((name) =>
    (['leaving', 'entering'] as const).some((what) => name.startsWith(siblingPrefix(place.path, what))),
  );
  if (left === undefined) return;
  throw refuse(
    'refused',
    place.path,
    `${join(home, left)} holds the old data of a restore that was neither finished nor taken back`,
    'Each start of Holdfast tries to, and says what keeps it from it: see to that first.',
  );
}

const namesPath = (payload: Json, place: LivePlace): boolean =>
  Array.isArray(payload)
    ? payload.some((each) => namesPath(each, place))
    : typeof payload === 'object' && payload !== null
      ? Object.entries(payload).some(([key, value]) => (key === 'path' ? isPlace(value, place) : namesPath(value, place)))
      : false;

const isPlace = (value: Json, { path, real }: LivePlace): boolean => value === path || value === real;

async function parentOf(path: string): Promise<{ readonly path: string; readonly dev: number }> {
  const parent = dirname(path);
  try {
    const real = await realpath(parent);
    const stats = await stat(real);
    if (stats.isDirectory()) return { path: real, dev: stats.dev };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
  throw refuse(
    'not-mounted',
    path,
    `${parent} does not exist, or is not a directory`,
    `Is its file system mounted? If the machine is new: mkdir -p ${parent}`,
  );
}

/** Nobody else's data may be moved away with it: not what the backup left out because it is kept elsewhere, either. */
async function assertOwn({ path, real }: LivePlace, others: Others): Promise<void> {
  for (const { what, where, isItself = false } of belongings(others)) {
    const places = [normalPath(where), await realOr(where)]; // oxlint-disable-line no-await-in-loop -- a handful
    if (isItself && places.some((each) => each === path || each === real)) continue;
    if (!places.some((each) => isWithin(each, path) || isWithin(each, real))) continue;
    throw refuse(
      'refused',
      path,
      `${what} (${where}) lies inside of it and would be moved aside with it`,
      'Restore to a new directory with --to, and move what you need to its place.',
    );
  }
}

interface Belonging {
  readonly what: string;
  readonly where: string;
  /** Where that is the very place, it is what is put back: a copy of a repository takes the place of the one that was lost. */
  readonly isItself?: boolean;
}

function* belongings({ service, services, repositories, stateDir }: Others): Generator<Belonging> {
  for (const { name, backup, postgres, mariadb } of services) {
    // a server that runs on while its databases are restored
    if (postgres?.engine === 'dump') yield { what: `the PostgreSQL server of ${name}`, where: postgres.dataDir };
    if (mariadb !== null) yield { what: `the MariaDB server of ${name}`, where: mariadb.dataDir };
    if (name === service) continue;
    for (const where of backup?.paths ?? []) yield { what: `the live data of ${name}`, where };
    if (postgres !== null) yield { what: `the live data of ${name}`, where: postgres.dataDir };
  }
  for (const { name, postgres } of services)
    for (const { path: where } of postgres?.repositories ?? [])
      if (where.startsWith('/')) yield { what: `the pgBackRest repository of ${name}`, where, isItself: true };
  for (const { name, url } of repositories) {
    const where = localDirectory(url);
    if (where !== null) yield { what: `the repository ${name}`, where };
  }
  yield { what: 'the state of Holdfast', where: stateDir };
}
