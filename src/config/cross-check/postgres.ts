// PostgreSQL servers: what a backup of one would not survive. Two under one name, a repository beside its own data, a
// passphrase for everybody, a promise that the archive is not asked to keep.

import { describeDuration } from '../../domain/duration.ts';
import type { PostgresConfig, ServiceConfig } from '../configuration.ts';
import type { KeyPath } from '../problems.ts';
import { contains, normalPath } from '../repository-url.ts';
import { checkBarman } from './barman.ts';
import type { CrossCheckInput, Findings } from './findings.ts';

export function checkPostgres(input: CrossCheckInput, findings: Findings): void {
  const stanzas = new Map<string, KeyPath>();
  const buckets = new Map<string, KeyPath>();
  const directories = new Map<string, KeyPath>();
  for (const { name, value } of input.services) {
    const effective = input.resolved.configuration.services.get(name);
    const postgres = effective?.postgres;
    if (!postgres || !value.postgres) continue;
    const path = ['services', name, 'postgres'];
    const { dataDir, engine } = postgres;
    const other = directories.get(dataDir);
    if (other) findings.error([...path, 'dataDir'], `this server is declared twice (${findings.place(other)})`);
    directories.set(dataDir, [...path, 'dataDir']);
    checkFiles(name, postgres, input, findings);
    if (engine !== 'dump' && value.postgres.excludeDatabases !== undefined)
      findings.error([...path, 'excludeDatabases'], `this is for dump, and the engine is ${engine}`);
    checkBarman(postgres, value.postgres, path, buckets, findings);
    if (engine !== 'dump') checkPromise(postgres, effective, path, findings);
    if (engine !== 'pgbackrest') {
      for (const key of engine === 'dump' ? [...OF_PGBACKREST, ...NOT_OF_DUMP] : OF_PGBACKREST)
        if (value.postgres[key] !== undefined)
          findings.error([...path, key], `this is for pgbackrest, and the engine is ${engine}`);
      continue;
    }
    const stanza = JSON.stringify([postgres.configFile, postgres.stanza]);
    const same = stanzas.get(stanza);
    if (same)
      findings.error(
        path,
        `another server has the stanza ${postgres.stanza} (${findings.place(same)}): the backups of one would expire those of the other`,
      );
    stanzas.set(stanza, path);
    checkRepositories(postgres, path, findings);
    for (const each of effective.backup?.repositories ?? [])
      if (/^repo\d+(?:-|$)/.test(each) || KINDS.has(each))
        findings.error(
          path,
          `its files go to a repository called ${each}, which is what ${KINDS.has(each) ? 'a kind of backup' : 'a repository of pgBackRest'} is called: give that one another name`,
        );
  }
}

function checkPromise(
  { archiveWithin }: PostgresConfig,
  { protection: { rpo, class: of } }: Pick<ServiceConfig, 'protection'>,
  path: KeyPath,
  findings: Findings,
): void {
  if (archiveWithin !== null && rpo !== null && archiveWithin > rpo)
    findings.warn(
      [...path, 'archiveWithin'],
      `the newest moment may get ${describeDuration(archiveWithin)} old, but at most ${describeDuration(rpo)} is promised (rpo of class ${of})`,
    );
}

const KINDS: ReadonlySet<string> = new Set(['full', 'differential', 'incremental']);
const OF_PGBACKREST = ['stanza', 'configFile', 'repositories', 'options'] as const;
/** How often, how long and how far back: as everything that goes into the repositories of the service, under `backup`. */
const NOT_OF_DUMP = ['compress', 'full', 'differential', 'incremental', 'archiveWithin', 'offsite'] as const;

/** Files of a running server are copied torn by everything that does not know them. */
function checkFiles(
  name: string,
  { dataDir, user, engine }: PostgresConfig,
  input: CrossCheckInput,
  findings: Findings,
): void {
  if (user === 'root')
    findings.error(['services', name, 'postgres', 'user'], 'neither PostgreSQL nor pgBackRest runs as root');
  for (const service of input.services) {
    for (const [index, written] of (service.value.backup?.paths ?? []).entries()) {
      const path = normalPath(written);
      const excluded = (service.value.backup?.exclude ?? []).some((each) => normalPath(each) === dataDir);
      if ((path !== dataDir && !contains(path, dataDir) && !contains(dataDir, path)) || excluded) continue;
      if (engine === 'dump' && contains(path, dataDir)) continue; // left out by itself: see resolve-dumps.ts
      findings.warn(
        ['services', service.name, 'backup', 'paths', index],
        `the files of the PostgreSQL server of ${name} (${dataDir}) are in it: copied while the server writes they are of no use; exclude: ['${dataDir}']`,
      );
    }
  }
}

function checkRepositories({ repositories, dataDir }: PostgresConfig, path: KeyPath, findings: Findings): void {
  for (const [index, repository] of repositories.entries()) {
    const at = [...path, 'repositories', index];
    if (repository.path === dataDir || contains(dataDir, repository.path))
      findings.error([...at, 'path'], `it lies inside of the data directory (${dataDir}), and would be lost with it`);
    else if (contains(repository.path, dataDir))
      findings.error([...at, 'path'], `the data directory (${dataDir}) lies inside of it`);
    const { mounted, cipherPassFile, bundle, block } = repository;
    if (mounted !== null && mounted !== repository.path && !contains(mounted, repository.path))
      findings.error([...at, 'mounted'], `the repository (${repository.path}) does not lie below ${mounted}`);
    if (block === true && !bundle) findings.error([...at, 'block'], 'it needs bundle, which is switched off');
    if (cipherPassFile !== null) findings.secretFile([...at, 'cipherPassFile'], cipherPassFile);
    for (const other of repositories.slice(0, index))
      if (other.path === repository.path || contains(other.path, repository.path) || contains(repository.path, other.path))
        findings.error([...at, 'path'], `it and ${other.name} (${other.path}) are one place, or one inside of the other`);
  }
}
