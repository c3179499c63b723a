// A service as it is written: its unit, dataset, backup, database engine, protection and recovery.

import { z } from 'zod';
import { datasetSchema } from './dataset.ts';
import { mariadbSchema } from './mariadb.ts';
import { postgresSchema } from './postgres.ts';
import { protectionSchema } from './protection.ts';
import { repositoryList } from './repository.ts';
import { resourcesSchema } from './resources.ts';
import { retentionSchema } from './retention.ts';
import {
  absolutePath,
  argv,
  ARGV_RULE,
  durationText,
  flag,
  frequencyText,
  list,
  oneOf,
  optional,
  required,
  section,
  word,
} from './scalars.ts';

const hook = z.union(
  [
    argv,
    section({
      command: required(argv, 'The program and its arguments; no shell.'),
      timeout: optional(durationText, 'How long it may take.', '5m'),
    }),
  ],
  { error: `${ARGV_RULE}, or {command: [...], timeout: 5m}` },
);

const hooks = section({
  before: optional(list(hook), 'Run before the backup, in order. One that fails fails the job.'),
  after: optional(list(hook), 'Run after the backup, always, whatever happened.'),
});

const database = section({
  type: required(oneOf('sqlite'), 'The kind of database.'),
  path: required(
    absolutePath,
    'The database file, inside of one of the paths; copied while it is in use, restored where it was.',
  ),
});

/** The keys that `defaults` and a service's `backup` share. */
export const policyShape = {
  repositories: optional(
    repositoryList,
    'Names of the repositories that a copy goes to. Every repository when not written.',
  ),
  frequency: optional(
    frequencyText,
    'How often: hourly, daily, weekly, monthly, or a systemd OnCalendar expression.',
    'daily',
  ),
  randomizedDelay: optional(
    durationText,
    'The start is put off by a random time up to this, so that not everything starts at once.',
  ),
  timeout: optional(durationText, 'How long one job may take before it is ended.', '12h'),
  exclude: optional(
    list(word),
    "Patterns that are left out, as in restic's --exclude. A service's own list replaces the default one.",
  ),
  retention: optional(retentionSchema, "Which snapshots stay. A service's own rules replace the default ones as a whole.", {
    daily: 7,
    weekly: 4,
    monthly: 6,
  }),
  useSnapshots: optional(
    flag,
    'Back up from temporary snapshots of ZFS or btrfs, made for the run: all files as they were at one moment.',
    false,
  ),
  resources: optional(
    resourcesSchema,
    "What its jobs may take from the machine when they are started by schedule. A service's own replace the default ones.",
  ),
  allowEmpty: optional(flag, 'An empty source is a success. Otherwise it is partial: what had files has none.', false),
};

const tag = word.refine((value) => !value.includes(',') && !value.startsWith('holdfast:'), {
  error: 'expected a tag without a comma that does not start with holdfast:',
});

const backupSchema = section({
  enable: optional(flag, 'False switches the backup of this service off.', true),
  paths: optional(list(absolutePath), 'Directories and files that are backed up.'),
  ...policyShape,
  repository: optional(word, 'A short way to write repositories with one name.'),
  tags: optional(list(tag), 'Tags that every snapshot carries.'),
  databases: optional(list(database), 'Databases inside of the paths that need a consistent copy.'),
  hooks: optional(hooks, 'Programs that run before and after.'),
  zfsDataset: optional(
    word,
    'The ZFS dataset that holds the paths; declaring it turns useSnapshots on. A run from another one is refused.',
  ),
});

const recoverSchema = section({
  sources: optional(
    list(oneOf('snapshot', 'replica', 'repository', 'pgbackrest', 'barman-cloud', 'dump')).min(1, {
      error: 'expected at least one source',
    }),
    'Where lost data is looked for, in this order, until one has it. `snapshot`: the snapshots of its ZFS dataset, whoever took them; `replica`: the targets of replication that the dataset is sent to; `repository`: its repositories. `[repository]` when not written. A database server comes back from what is kept of it.',
  ),
  timeout: optional(durationText, 'How long a recovery may take.'),
  onFailure: optional(
    oneOf('block', 'start-empty'),
    'What happens when its data cannot be recovered. `start-empty`: with protection.allowEmptyStart and the word of a person it may start empty also where all its copies are incomplete, and is held then.',
    'block',
  ),
});

const migrateSchema = section({
  keepOld: optional(
    durationText,
    'How long the old directory stays at least before `migrate --clean-up` removes it.',
    '48h',
  ),
  healthUrl: optional(
    z.url({ protocol: /^https?$/, error: 'expected a URL that starts with https:// or http://' }),
    'Asked after the service was started: only when it answers without an error is the service taken to be well.',
  ),
  healthWithin: optional(durationText, 'How long the service may take until then.', '1m'),
});

export const serviceSchema = section({
  unit: optional(
    word
      .regex(/^[A-Za-z0-9:_.\\@-]+\.(?:service|socket|target|mount|timer|path|slice|scope)$/, {
        error: 'expected a systemd unit with its ending, such as sonarr.service',
      })
      .refine((unit) => !unit.includes('@.'), {
        error: 'a template runs nothing by itself: name the instance, such as postgresql@16-main.service',
      }),
    'The systemd unit that owns the data; stopped and started by a restore in place.',
  ),
  dataset: optional(datasetSchema, 'The ZFS dataset of the service.'),
  migrate: optional(migrateSchema, 'How its directory is moved onto that dataset.'),
  backup: optional(backupSchema, 'What is backed up, where to, how often.'),
  postgres: optional(postgresSchema, 'A PostgreSQL server that is backed up by an engine of its own.'),
  mariadb: optional(
    mariadbSchema,
    'A MariaDB server whose databases are dumped at each backup, into the repositories of the service.',
  ),
  protection: optional(protectionSchema, 'What the service is owed.'),
  recover: optional(
    recoverSchema,
    'How lost data comes back. Where this is written (`recover: {}` will do) the unit of the service starts only with its data.',
  ),
});

export const defaultsSchema = section({
  ...policyShape,
  protection: optional(protectionSchema, 'What a service is owed that says nothing itself.', { class: 'standard' }),
});
