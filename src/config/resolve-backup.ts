// The backup of one service: its own words, over the defaults, over what is built in.

import type { Json } from '../lib/json.ts';
import type { RetentionPolicy } from '../domain/retention-policy.ts';
import type { BackupConfig, DumpsConfig, Hook, SqliteDatabase } from './configuration.ts';
import { builtIn, type Choice, type EffectiveEntries, type Written } from './effective.ts';
import { normalPath } from './repository-url.ts';
import type { DefaultsFile, ServiceFile } from './schema.ts';
import { limitsOf } from './resolve-units.ts';
import { argvOf, milliseconds } from './written-values.ts';

type BackupFile = NonNullable<ServiceFile['backup']>;
type RetentionFile = NonNullable<BackupFile['retention']>;
type HookFile = NonNullable<NonNullable<BackupFile['hooks']>['before']>[number];

export const DEFAULT_TIMEOUT = '12h';
const DEFAULT_HOOK_TIMEOUT = '5m';
export const DEFAULT_RETENTION: RetentionFile = { daily: 7, weekly: 4, monthly: 6 };

/** Null when nothing of the service goes into repositories of restic. */
export function resolveBackup(
  service: string,
  own: Written<BackupFile>,
  value: BackupFile | undefined,
  defaults: Written<DefaultsFile>,
  everyRepository: readonly string[],
  dumps: DumpsConfig | null,
  entries: EffectiveEntries,
): BackupConfig | null {
  const path = ['services', service, 'backup'];
  const add = <Chosen>(key: string, choice: Choice<Chosen>): Chosen => entries.add([...path, key], choice);
  if (value?.enable === false) add('enable', own.get('enable') ?? builtIn(false));
  const databases = own.get('databases');
  const paths = own.get('paths') ?? onlyDatabases(databases);
  const nothing = dumps === null && (!paths || paths.value.length === 0);
  if (value?.enable === false || nothing) return null;

  const choose = <Key extends keyof BackupFile & keyof DefaultsFile>(
    key: Key,
  ): Choice<NonNullable<DefaultsFile[Key]>> | undefined => own.get(key) ?? defaults.get(key);
  const one = own.get('repository');
  const repositories =
    own.get('repositories') ?? (one && { value: [one.value], origin: one.origin }) ?? defaults.get('repositories');
  const hooks = own.get('hooks');
  const delay = choose('randomizedDelay');
  const resources = choose('resources');
  const zfsDataset = own.get('zfsDataset');
  const resolved = {
    paths: paths ? add('paths', { ...paths, value: paths.value.map(normalPath) }) : [],
    repositories: add('repositories', repositories ?? builtIn([...everyRepository], 'every repository')),
    frequency: add('frequency', choose('frequency') ?? builtIn('daily')),
    randomizedDelay: delay ? milliseconds(add('randomizedDelay', delay)) : null,
    timeout: milliseconds(add('timeout', choose('timeout') ?? builtIn(DEFAULT_TIMEOUT))),
    exclude: add('exclude', choose('exclude') ?? builtIn<string[]>([])),
    tags: add('tags', own.get('tags') ?? builtIn<string[]>([])),
    retention: resolveRetention(add('retention', choose('retention') ?? builtIn(DEFAULT_RETENTION))),
    databases: databases ? resolveDatabases(add('databases', databases)) : [],
    dumps,
    useSnapshots: add('useSnapshots', choose('useSnapshots') ?? builtIn(zfsDataset !== undefined)),
    zfsDataset: zfsDataset ? add('zfsDataset', zfsDataset) : null,
    resources: limitsOf(resources ? add('resources', resources) : {}),
    allowEmpty: add('allowEmpty', choose('allowEmpty') ?? builtIn(false)),
  };
  if (hooks) add('hooks', hooks as Choice<Json>); // the schema holds JSON only
  const list = (items: readonly HookFile[] | undefined): Hook[] => (items ?? []).map(resolveHook);
  return { ...resolved, hooks: { before: list(hooks?.value.before), after: list(hooks?.value.after) } };
}

/** A service that names databases and no paths is backed up by the databases' files. */
const onlyDatabases = (databases: Choice<readonly { path: string }[]> | undefined): Choice<string[]> | undefined =>
  databases && { value: databases.value.map(({ path }) => path), origin: databases.origin };

const resolveDatabases = (databases: readonly SqliteDatabase[]): SqliteDatabase[] =>
  databases.map(({ type, path }) => ({ type, path: normalPath(path) }));

const resolveHook = (hook: HookFile): Hook =>
  Array.isArray(hook)
    ? { argv: argvOf(hook), timeout: milliseconds(DEFAULT_HOOK_TIMEOUT) }
    : { argv: argvOf(hook.command), timeout: milliseconds(hook.timeout ?? DEFAULT_HOOK_TIMEOUT) };

export const resolveRetention = (file: RetentionFile): RetentionPolicy => ({
  last: file.last ?? 0,
  hourly: file.hourly ?? 0,
  daily: file.daily ?? 0,
  weekly: file.weekly ?? 0,
  monthly: file.monthly ?? 0,
  yearly: file.yearly ?? 0,
  within: file.within === undefined ? null : milliseconds(file.within),
  tags: file.tags ?? [],
});
