// How the data of a service comes back on a new machine: to its live paths, moving aside what stands there; over what is there,
// where moving it would take the system or the data of others away; or into a directory from which one picks.

import type { ServiceConfig } from '../../config/configuration.ts';
import { contains, localDirectory, normalPath } from '../../config/repository-url.ts';
import type { KitService } from './kit.ts';

/** Nothing in them comes from a backup of another machine without somebody looking at it. */
const OF_THE_SYSTEM = ['/bin', '/boot', '/dev', '/lib', '/lib64', '/nix', '/proc', '/run', '/sbin', '/sys', '/usr'];
/** Neither these, nor what holds them. */
const SYSTEM_FILES = [
  '/etc/fstab',
  '/etc/group',
  '/etc/gshadow',
  '/etc/network',
  '/etc/passwd',
  '/etc/shadow',
  '/etc/ssh',
  '/var/lib/dpkg',
  ...OF_THE_SYSTEM,
];
/** What a new system has too, and others use. Homes are among them: the secrets for this very recovery are in one. */
const SHARED = /^\/(?:[^/]+|home\/[^/]+|mnt\/[^/]+|media\/[^/]+|var\/(?:log|cache|spool|backups|mail|opt|tmp))$/;

export type LivePlaces = Pick<KitService, 'target' | 'movedAside' | 'excluded'>;

export function livePlaces(
  service: ServiceConfig,
  all: { readonly services: Iterable<ServiceConfig>; readonly repositories: Iterable<{ readonly url: string }> },
): LivePlaces {
  const paths = outermost(pathsOf(service));
  const others = [...all.services].filter(({ name }) => name !== service.name).flatMap(pathsOf);
  const excluded = outermost(others.filter((other) => paths.some((path) => contains(path, other))));
  if (paths.some(isOfTheSystem)) return { target: 'aside', movedAside: [], excluded };
  const kept = [...others, ...[...all.repositories].flatMap(({ url }) => localDirectory(url) ?? [])];
  const movedAside = paths.filter(
    (path) => !SHARED.test(path) && !kept.some((other) => other === path || contains(path, other)),
  );
  return { target: 'live', movedAside, excluded };
}

const pathsOf = ({ backup }: ServiceConfig): string[] => (backup?.paths ?? []).map(normalPath);

/** Of two paths one inside the other the outer one. */
const outermost = (paths: readonly string[]): string[] =>
  [...new Set(paths)].filter((path) => !paths.some((other) => contains(other, path)));

const isOfTheSystem = (path: string): boolean =>
  OF_THE_SYSTEM.some((place) => contains(place, path) && !contains('/usr/local', path)) ||
  SYSTEM_FILES.some((place) => place === path || contains(path, place));
