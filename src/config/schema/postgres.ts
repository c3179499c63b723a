// A PostgreSQL server of a service as it is written: the engine, where it keeps its copies, how often, and what is owed.

import { z } from 'zod';
import { barmanSchema } from './barman.ts';
import { resourcesSchema } from './resources.ts';
import { retentionSchema } from './retention.ts';
import {
  absolutePath,
  count,
  durationText,
  flag,
  frequencyText,
  list,
  name,
  oneOf,
  optional,
  required,
  section,
  word,
} from './scalars.ts';

const kind = section({
  frequency: optional(
    frequencyText,
    'How often. Monthly, weekly and daily when not written, in the order of the three kinds.',
  ),
  timeout: optional(durationText, 'How long it may take.', '12h'),
});

const FULL = 'Full backups: each stands by itself.';
const DIFFERENTIAL = 'Differential backups: what has changed since the last full one.';
const INCREMENTAL = 'Incremental backups: what has changed since the last one of any kind.';

const retention = section({
  full: optional(count(1), 'Full backups that are kept, each with the others that rest on it.', 2),
  differential: optional(count(1), 'Differential backups that are kept; all that rest on a kept full one when not written.'),
  archive: optional(
    count(1),
    'For how many of the newest full backups all WAL is kept: so far back every moment can be restored, before that the ' +
      'end of each backup. For all that are kept when not written.',
  ),
});

const BLOCK =
  'Keep only the blocks of a file that have changed, not the whole file. Small changes all over a large database then ' +
  'cost a few hundred kB instead of its files. It needs bundle, and pgBackRest 2.46; where that is not there it is left ' +
  'out when not written.';

const repository = section({
  path: required(absolutePath, 'The directory of the repository, which pgBackRest makes.'),
  mounted: optional(
    absolutePath,
    'A directory that must be a mount point, or nothing is written: to pgBackRest an empty directory is a new repository.',
  ),
  location: optional(oneOf('onsite', 'offsite'), 'Whether a fire in the house reaches it.', 'onsite'),
  medium: optional(name, 'The kind of device. Copies on one medium count once for 3-2-1.', 'disk'),
  retention: optional(retention, 'What pgBackRest keeps when it expires backups, after each good one.'),
  cipherPassFile: optional(
    absolutePath,
    'A file with the passphrase that encrypts it, chosen once for ever. Written into the configuration of pgBackRest, ' +
      'which has no other place for it: readable by the user of the server alone.',
  ),
  bundle: optional(flag, 'Put small files together: far fewer files, which object stores and NFS are slow with.', true),
  block: optional(flag, BLOCK),
  full: optional(kind, `${FULL} Into this repository, as all three.`),
  differential: optional(kind, DIFFERENTIAL),
  incremental: optional(kind, INCREMENTAL),
});

const OPTION_RULE = "expected a value as pgBackRest's configuration has it, in quotes if it is a number";
/** What has a key of its own here, and what is a secret. */
const SPOKEN_FOR =
  /^(?:stanza|config.*|pg\d*-(?:path|port|socket-path)|repo\d*-(?:path|bundle|block|retention-.*|cipher-.*|.*key.*|.*token.*)|.*pass.*|process-max|compress-type)$/;

const options = z
  .record(
    z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/, { error: "expected the name of an option of pgBackRest, such as 'archive-async'" })
      .refine((value) => !SPOKEN_FOR.test(value), {
        error: 'this has a key of its own, or is a secret, which never stands in the configuration',
      }),
    z
      .string({ error: OPTION_RULE })
      .min(1, { error: OPTION_RULE })
      .refine((value) => !/[\n\r\0]/.test(value), { error: OPTION_RULE }),
    { error: 'expected a map of options of pgBackRest' },
  )
  .meta({ examples: [{ 'archive-async': 'y', 'spool-path': '/var/spool/pgbackrest' }] });

const offsite = section({
  repository: required(word, 'The repository that receives it.'),
  path: optional(
    absolutePath,
    'The directory of the pgBackRest repository that is copied, on this host. That of the first of `repositories` when not ' +
      'written, and /var/lib/pgbackrest where none is.',
  ),
  cipherPassFile: optional(
    absolutePath,
    'A file with the passphrase of that repository where pgBackRest encrypts it: the copy is encrypted as well, and nothing ' +
      'comes out of it without. That of its entry in `repositories` when not written.',
  ),
  frequency: optional(frequencyText, 'How often, as that of a backup.', 'daily'),
  randomizedDelay: optional(durationText, 'The start is put off by a random time up to this.'),
  timeout: optional(durationText, 'How long it may take.', '12h'),
  resources: optional(resourcesSchema, 'What it may take from the machine, as a backup.'),
  retention: optional(retentionSchema, 'Which of its snapshots stay, as those of a backup.'),
});

export const postgresSchema = section({
  engine: required(
    oneOf('pgbackrest', 'barman-cloud', 'dump'),
    'The tool that backs the databases up. pgbackrest: every moment, into repositories of its own. barman-cloud: every ' +
      'moment, into a bucket. dump: each database as it is at a backup, into the repositories of the service, in the place of the ' +
      'files in dataDir.',
  ),
  dataDir: required(absolutePath, 'The data directory of the server.'),
  stanza: optional(name, "pgBackRest's name for the server; the service's name when not written."),
  user: optional(
    word.regex(/^[a-z_][a-z0-9_.-]*\$?$/i, { error: 'expected the name of a user of this machine' }),
    'The user who runs the server, and pgBackRest: newer ones refuse to run as root.',
    'postgres',
  ),
  socket: optional(absolutePath, "The directory of the server's Unix socket; where its programs look when not written."),
  port: optional(count(1).max(65_535, { error: 'expected a port' }), 'The port of the server.', 5432),
  configFile: optional(
    absolutePath,
    'The configuration file of pgBackRest; where it looks by itself (/etc/pgbackrest) when not written.',
  ),
  repositories: optional(
    list(repository).min(1, { error: 'expected at least one repository' }),
    'Where pgBackRest keeps backups and WAL; their places in the list are their numbers, so new ones are added at its end. ' +
      '`postgres configure` writes them down for pgBackRest. When not written, its configuration that is there holds.',
  ),
  barman: optional(barmanSchema, 'Of barman-cloud: where backups and WAL are kept, and how many.'),
  compress: optional(
    oneOf('zst', 'lz4', 'gz'),
    'How files are compressed. zst: smaller than gz for a fraction of its time. lz4: least time, for a fast disk.',
    'zst',
  ),
  processes: optional(
    count(1),
    'How many processes compress and transfer at once; of dump: how many databases are dumped at once.',
  ),
  excludeDatabases: optional(list(word), 'Of dump: databases that are left out on purpose.'),
  options: optional(options, 'Further options of pgBackRest, written as they are.'),
  full: optional(kind, FULL),
  differential: optional(kind, DIFFERENTIAL),
  incremental: optional(
    kind,
    `${INCREMENTAL} Weekly full and daily incremental ones when none of the three is written; of barman-cloud daily full ones.`,
  ),
  archiveWithin: optional(durationText, 'The newest moment that can be restored may not be older than this.'),
  offsite: optional(offsite, "A restic copy of the engine's repository, taken between backups."),
});
