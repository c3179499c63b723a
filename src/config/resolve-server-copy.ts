// The offsite copy of a server's pgBackRest repository: a backup by restic like that of files, of that one directory.

import type { BackupConfig, PostgresConfig } from './configuration.ts';
import { builtIn, type Choice, type EffectiveEntries, type Written } from './effective.ts';
import { normalPath } from './repository-url.ts';
import { DEFAULT_RETENTION, DEFAULT_TIMEOUT, resolveRetention } from './resolve-backup.ts';
import { limitsOf } from './resolve-units.ts';
import type { DefaultsFile, PostgresFile } from './schema.ts';
import { milliseconds } from './written-values.ts';

type OffsiteFile = NonNullable<PostgresFile['offsite']>;

/** Where pgBackRest keeps its first repository when nobody says where. */
const PGBACKREST_DEFAULT = '/var/lib/pgbackrest';
/** What it is writing just now, under a name that goes away: an archived file of the log. */
const BEING_WRITTEN = '*.pgbackrest.tmp';

/** Null when the service declares none, or its engine is another one. */
export function resolveServerCopy(
  server: Written<PostgresFile>,
  value: PostgresFile | undefined,
  postgres: PostgresConfig | null,
  defaults: Written<DefaultsFile>,
  entries: EffectiveEntries,
): BackupConfig | null {
  if (value?.offsite === undefined) return null;
  const own = server.inside<OffsiteFile>('offsite', value.offsite);
  const add = <Chosen>(key: string, choice: Choice<Chosen>): Chosen => entries.add([...own.path, key], choice);
  const receiver = add('repository', own.get('repository') ?? builtIn(value.offsite.repository));
  if (postgres?.engine !== 'pgbackrest') return null;
  const [first] = postgres.repositories;
  const home = first
    ? builtIn(first.path, `that of ${first.name}`)
    : builtIn(PGBACKREST_DEFAULT, "pgBackRest's own default");
  const path = normalPath(add('path', own.get('path') ?? home));
  const repository = postgres.repositories.find((each) => each.path === path) ?? null;
  const cipher = own.get('cipherPassFile') ?? builtIn(repository?.cipherPassFile ?? null);
  const delay = own.get('randomizedDelay') ?? defaults.get('randomizedDelay');
  const resources = own.get('resources') ?? defaults.get('resources');
  return {
    paths: [path],
    repositories: [receiver],
    frequency: add('frequency', own.get('frequency') ?? defaults.get('frequency') ?? builtIn('daily')),
    randomizedDelay: delay ? milliseconds(add('randomizedDelay', delay)) : null,
    timeout: milliseconds(add('timeout', own.get('timeout') ?? defaults.get('timeout') ?? builtIn(DEFAULT_TIMEOUT))),
    retention: resolveRetention(
      add('retention', own.get('retention') ?? defaults.get('retention') ?? builtIn(DEFAULT_RETENTION)),
    ),
    resources: limitsOf(resources ? add('resources', resources) : {}),
    exclude: [BEING_WRITTEN],
    tags: ['pgbackrest'],
    databases: [],
    dumps: null,
    hooks: { before: [], after: [] },
    useSnapshots: false,
    zfsDataset: null,
    allowEmpty: false,
    serverCopy: { path, repository, cipherPassFile: add('cipherPassFile', cipher) },
  };
}
