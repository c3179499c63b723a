// The PostgreSQL server of one service: its own words over what is built in.

import { nameOfRepository } from '../domain/postgres-repository.ts';
import type { Json } from '../lib/json.ts';
import type { PostgresBackupKind, PostgresConfig, PostgresRepositoryConfig, PostgresSchedule } from './configuration.ts';
import { builtIn, type Choice, type EffectiveEntries, type Written } from './effective.ts';
import { normalPath } from './repository-url.ts';
import { resolveBarman } from './resolve-barman.ts';
import type { PostgresFile } from './schema.ts';
import { milliseconds } from './written-values.ts';

type RepositoryFile = NonNullable<PostgresFile['repositories']>[number];
type KindsFile = Pick<PostgresFile, 'full' | 'differential' | 'incremental'>;
type Kind = keyof KindsFile;

const KINDS: readonly Kind[] = ['full', 'differential', 'incremental'];
const FREQUENCY = { full: 'weekly', differential: 'daily', incremental: 'daily' } as const;
const TIMEOUT = '12h';
/** Without a word about any of the three. */
const STANDARD: KindsFile = { full: {}, incremental: {} };
const STANDARD_OF_BARMAN: KindsFile = { full: { frequency: 'daily' } };
const KEPT_FULL = 2;

/** Null when the service declares none. */
export function resolvePostgres(
  service: string,
  own: Written<PostgresFile>,
  value: PostgresFile | undefined,
  entries: EffectiveEntries,
): PostgresConfig | null {
  if (value === undefined) return null;
  const path = ['services', service, 'postgres'];
  const add = <Chosen>(key: string, choice: Choice<Chosen>): Chosen => entries.add([...path, key], choice);
  const nothing = builtIn(null);
  const engine = add('engine', own.get('engine') ?? builtIn(value.engine));
  const dataDir = normalPath(add('dataDir', own.get('dataDir') ?? builtIn(value.dataDir)));
  const schedule = resolveSchedule(value, engine === 'barman-cloud' ? STANDARD_OF_BARMAN : STANDARD);
  const cloud = engine === 'barman-cloud' ? resolveBarman(service, own, value.barman, schedule, entries) : null;
  const stanza =
    cloud === null
      ? add('stanza', own.get('stanza') ?? builtIn(service, 'the name of the service'))
      : cloud.barman.serverName;
  const user = add('user', own.get('user') ?? builtIn('postgres'));
  const socket = add('socket', own.get('socket') ?? nothing);
  const port = add('port', own.get('port') ?? builtIn(5432));
  const configFile = add('configFile', own.get('configFile') ?? nothing);
  const repositories = own.get('repositories');
  if (repositories) add('repositories', repositories as Choice<Json>); // the schema holds JSON only
  const compress = add('compress', own.get('compress') ?? builtIn<PostgresConfig['compress']>('zst'));
  const processes = add('processes', own.get('processes') ?? nothing);
  const excludeDatabases = own.get('excludeDatabases');
  if (excludeDatabases) add('excludeDatabases', excludeDatabases);
  const options = own.get('options');
  if (options) add('options', options as Choice<Json>); // as above
  for (const kind of KINDS) {
    const choice = own.get(kind);
    if (choice) add(kind, choice as Choice<Json>); // as above
  }
  const archiveWithin = add('archiveWithin', own.get('archiveWithin') ?? nothing);
  return {
    engine,
    dataDir,
    stanza,
    user,
    socket: socket === null ? null : normalPath(socket),
    port,
    configFile: configFile === null ? null : normalPath(configFile),
    barman: cloud?.barman ?? null,
    repositories: cloud
      ? [cloud.repository]
      : (value.repositories ?? []).map((each, index) => resolveRepository(each, index + 1, value)),
    schedule,
    compress,
    processes,
    options: value.options ?? {},
    archiveWithin: archiveWithin === null ? null : milliseconds(archiveWithin),
    offsite: value.offsite?.repository ?? null,
    excludeDatabases: excludeDatabases?.value ?? [],
  };
}

const resolveRepository = (file: RepositoryFile, key: number, server: KindsFile): PostgresRepositoryConfig => ({
  key,
  name: nameOfRepository(key),
  path: normalPath(file.path),
  mounted: file.mounted === undefined ? null : normalPath(file.mounted),
  location: file.location ?? 'onsite',
  medium: file.medium ?? 'disk',
  cipherPassFile: file.cipherPassFile ?? null,
  bundle: file.bundle ?? true,
  block: file.block ?? (file.bundle === false ? false : null),
  retention: {
    full: file.retention?.full ?? KEPT_FULL,
    differential: file.retention?.differential ?? null,
    archive: file.retention?.archive ?? null,
  },
  // A repository that says something about one kind says all: what it leaves out is not made there.
  schedule: resolveSchedule(saysSomething(file) ? file : server),
});

function resolveSchedule(file: KindsFile, standard = STANDARD): PostgresSchedule {
  const from = saysSomething(file) ? file : standard;
  return {
    full: kindOf(from, 'full'),
    differential: kindOf(from, 'differential'),
    incremental: kindOf(from, 'incremental'),
  };
}

const saysSomething = (file: KindsFile): boolean => KINDS.some((kind) => file[kind] !== undefined);

function kindOf(file: KindsFile, kind: Kind): PostgresBackupKind | null {
  const written = file[kind];
  if (written === undefined) return null;
  return { frequency: written.frequency ?? FREQUENCY[kind], timeout: milliseconds(written.timeout ?? TIMEOUT) };
}
