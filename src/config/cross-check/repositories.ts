// Repositories beside each other: none at all, one place twice, two primaries, a password from nowhere or for everybody.

import { maskUrlPassword } from '../../process/mask.ts';
import type { KeyPath } from '../problems.ts';
import { contains, localDirectory, normalPath } from '../repository-url.ts';
import type { RepositoryFile } from '../schema.ts';
import { type CrossCheckInput, type Findings, needsNoService } from './findings.ts';

const SECRETS = ['passwordFile', 'passwordCommand', 'credential'] as const;

export function checkRepositories(input: CrossCheckInput, findings: Findings): void {
  const repositories = Object.entries(input.file.repositories ?? {});
  const someLeftOut = [...input.leftOut].some((path) => path.startsWith('repositories'));
  const onlyEngines =
    input.services.every(({ value }) => !value.backup) && input.services.some(({ value }) => value.postgres);
  if (repositories.length === 0 && !someLeftOut && !onlyEngines && !needsNoService(input)) {
    findings.error(['repositories'], 'there is no repository: at least one is needed, with a url and a passwordFile');
  }
  const places = new Map<string, string>();
  let primary: string | null = null;
  for (const [name, repository] of repositories) {
    const path = ['repositories', name];
    checkPassword(repository, path, findings);
    checkMounted(repository, path, findings);
    const place = localDirectory(repository.url) ?? repository.url.replace(/\/+$/, '');
    for (const [other, otherName] of places) {
      if (other === place) {
        findings.error(
          [...path, 'url'],
          `the repository ${otherName} is at the same place (${findings.place(['repositories', otherName])}): two copies in one place are one copy`,
        );
      } else if (place.startsWith('/') && other.startsWith('/') && (contains(other, place) || contains(place, other))) {
        findings.error([...path, 'url'], `this and the repository ${otherName} (${other}) lie one inside of the other`);
      }
    }
    places.set(place, name);
    if (repository.primary === true) {
      if (primary !== null)
        findings.error(
          [...path, 'primary'],
          `${primary} is primary already (${findings.place(['repositories', primary, 'primary'])}); only one can be`,
        );
      primary ??= name;
    }
  }
}

function checkPassword(repository: RepositoryFile, path: KeyPath, findings: Findings): void {
  const given = SECRETS.filter((key) => repository[key] !== undefined);
  if (given.length === 0) findings.error(path, `where is its password? Write one of ${SECRETS.join(', ')}`);
  if (given.length > 1) findings.error([...path, given[1] ?? ''], `only one of ${given.join(' and ')} can hold`);
  for (const key of ['passwordFile', 'environmentFile'] as const) {
    const secret = repository[key];
    if (secret !== undefined) findings.secretFile([...path, key], secret);
  }
  if (maskUrlPassword(repository.url) !== repository.url) {
    findings.warn(
      [...path, 'url'],
      'a password stands in the url; put RESTIC_REST_USERNAME and RESTIC_REST_PASSWORD into an environmentFile instead',
    );
  }
}

function checkMounted(repository: RepositoryFile, path: KeyPath, findings: Findings): void {
  const directory = localDirectory(repository.url);
  if (repository.mounted === undefined || directory === null) return;
  const mounted = normalPath(repository.mounted);
  if (mounted === directory || contains(mounted, directory)) return;
  findings.warn(
    [...path, 'mounted'],
    `the repository (${directory}) does not lie below ${mounted}: this check says nothing about it`,
  );
}
