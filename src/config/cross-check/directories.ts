// Directories beside each other: a service inside of another, a service inside of a repository, a repository inside of a
// service (which would then be backed up into itself and grow with each run).

import type { KeyPath } from '../problems.ts';
import { contains, localDirectory, normalPath } from '../repository-url.ts';
import type { CrossCheckInput, Findings } from './findings.ts';

interface Place {
  readonly service: string;
  readonly directory: string;
  readonly exclude: readonly string[];
  readonly path: KeyPath;
}

export function checkDirectories(input: CrossCheckInput, findings: Findings): void {
  const { configuration } = input.resolved;
  const places: Place[] = [];
  for (const { name, value } of input.services) {
    const backup = configuration.services.get(name)?.backup;
    if (!backup) continue;
    const key = value.backup?.paths === undefined ? 'databases' : 'paths'; // databases alone are their own paths
    const copied = ['services', name, 'postgres', 'offsite'];
    for (const [index, directory] of backup.paths.entries()) {
      const path = backup.serverCopy ? copied : ['services', name, 'backup', key, index];
      places.push({ service: name, directory, exclude: backup.exclude, path });
    }
  }
  for (const { name, backup } of configuration.services.values()) {
    const dumps = backup?.dumps?.place ?? null;
    if (backup === null || dumps === null || !leavesOut(backup, dumps)) continue;
    findings.error(
      ['services', name, backup.dumps?.kind === 'mariadb' ? 'mariadb' : 'postgres'],
      `its dumps stand at ${dumps} in a copy, and an exclude leaves that out: exclude what is in ${configuration.stateDir} one by one (spool, cache, journal.db)`,
    );
  }
  for (const [index, place] of places.entries()) {
    if (leavesOut(place, place.directory))
      findings.error(place.path, `${place.directory} is declared and excluded: nothing of it would be kept`);
    for (const other of places.slice(0, index)) compare(place, other, findings);
    for (const repository of configuration.repositories.values()) {
      const directory = localDirectory(repository.url);
      if (directory !== null) compareWithRepository(place, repository.name, directory, findings);
    }
    if (contains(place.directory, configuration.stateDir) && !leavesOut(place, configuration.stateDir)) {
      findings.warn(
        place.path,
        `this contains ${configuration.stateDir}, where Holdfast keeps its journal and temporary copies; exclude it: exclude: ['${configuration.stateDir}']`,
      );
    }
  }
}

function compare(place: Place, other: Place, findings: Findings): void {
  const own = place.service === other.service;
  if (place.directory === other.directory) {
    if (own) findings.error(place.path, 'this path is written twice');
    else
      findings.error(
        place.path,
        `the service ${other.service} keeps the same path (${findings.place(other.path)}): one path belongs to one service`,
      );
    return;
  }
  const [inner, outer] = contains(other.directory, place.directory) ? [place, other] : [other, place];
  if (!contains(outer.directory, inner.directory) || leavesOut(outer, inner.directory)) return;
  if (own)
    findings.warn(inner.path, `it lies inside of ${outer.directory}, which is backed up anyway: this line changes nothing`);
  else {
    findings.warn(
      inner.path,
      `it lies inside of ${outer.directory} of the service ${outer.service} (${findings.place(outer.path)}): neither wins, both keep a copy, and ` +
        `${outer.service} cannot be restored in place over ${inner.service}. To keep it in ${inner.service} only, add to ${outer.service}: exclude: ['${inner.directory}']`,
    );
  }
}

function compareWithRepository(place: Place, repository: string, directory: string, findings: Findings): void {
  if (place.directory === directory || contains(directory, place.directory)) {
    findings.error(
      place.path,
      `this lies inside of the repository ${repository} (${directory}): a repository holds copies, nothing else`,
    );
  } else if (contains(place.directory, directory) && !leavesOut(place, directory)) {
    findings.error(
      place.path,
      `the repository ${repository} (${directory}) lies inside of it: each backup would contain the one before. Move the repository, or add to ${place.service}: exclude: ['${directory}']`,
    );
  }
}

/** Only a literal exclude of the directory or of one above it counts; a pattern might, but is not promised to. */
const leavesOut = (place: Pick<Place, 'exclude'>, directory: string): boolean =>
  place.exclude.some(
    (pattern) => pattern.startsWith('/') && (normalPath(pattern) === directory || contains(normalPath(pattern), directory)),
  );
