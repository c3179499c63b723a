// The sections about the host as a whole: storage, replication, offsite copies, verification, metrics.

import { z } from 'zod';
import { limitsSchema, repositoryList } from './repository.ts';
import {
  absolutePath,
  count,
  durationText,
  flag,
  frequencyText,
  list,
  name,
  optional,
  percentageText,
  required,
  section,
  word,
} from './scalars.ts';

const named = <Item extends z.ZodType>(item: Item): z.ZodRecord<typeof name, Item> =>
  z.record(name, item, { error: 'expected a map' });

export const storageSchema = section({
  datasets: optional(
    section({
      parentDataset: required(word, 'The ZFS dataset below which services get theirs.'),
      parentMount: required(absolutePath, 'Where that dataset is mounted.'),
    }),
    'Where the datasets of services live.',
  ),
});

const snapshotTemplate = section({
  frequently: optional(count(0), 'Snapshots kept of every quarter of an hour.'),
  hourly: optional(count(0), 'Hourly snapshots kept.'),
  daily: optional(count(0), 'Daily snapshots kept.'),
  weekly: optional(count(0), 'Weekly snapshots kept.'),
  monthly: optional(count(0), 'Monthly snapshots kept.'),
  yearly: optional(count(0), 'Yearly snapshots kept.'),
});

const zfsReplication = section({
  templates: optional(named(snapshotTemplate), 'Named policies of how many snapshots are kept.'),
  datasets: optional(
    z.record(
      word,
      section({
        template: required(word, 'The policy that holds.'),
        recursive: optional(flag, 'Whether the datasets below are included.', false),
      }),
      { error: 'expected a map' },
    ),
    'Datasets that get snapshots, each with its policy.',
  ),
  targets: optional(
    named(
      section({
        destination: required(word, 'The dataset that receives, as user@host:pool/dataset or pool/dataset.'),
        datasets: required(list(word).min(1, { error: 'expected at least one dataset' }), 'The datasets that are sent.'),
        frequency: optional(frequencyText, 'How often.', 'hourly'),
        raw: optional(flag, 'Send encrypted datasets as they are, so that the target cannot read them.', false),
        maxLag: optional(durationText, 'How far the target may be behind.'),
      }),
    ),
    'Where snapshots are sent.',
  ),
});

export const replicationSchema = section({ zfs: optional(zfsReplication, 'ZFS snapshots and their replication.') });

const destination = z.union(
  [
    section({ rclone: required(word, 'An rclone remote and path.') }),
    section({ restic: required(word, 'The name of a repository, filled by restic copy.') }),
  ],
  { error: "expected {rclone: 'remote:path'} or {restic: repository}" },
);

export const offsiteSchema = named(
  section({
    from: required(word, 'The name of the repository that is copied.'),
    to: required(destination, 'Where the copy goes.'),
    frequency: optional(frequencyText, 'How often.', 'daily'),
    limits: optional(limitsSchema, 'Bandwidth limits.'),
  }),
);

export const verificationSchema = section({
  enable: optional(flag, 'Whether repositories are verified by schedule.', true),
  schedule: optional(frequencyText, 'How often.', 'weekly'),
  checkData: optional(flag, 'Whether all data is read, not only the structure.', false),
  checkDataSubset: optional(percentageText, 'The share of the data that is read each time.'),
  repositories: optional(repositoryList, 'Which repositories; every one when not written.'),
  restoreTesting: optional(
    section({
      enable: optional(flag, 'Whether restores are tested by schedule.', true),
      schedule: optional(frequencyText, 'How often.', 'monthly'),
      sampleFiles: optional(count(1), 'How many files of each service are restored and compared.', 5),
    }),
    'Restores that are tried out.',
  ),
});

const thresholds = <Value extends z.ZodType>(
  value: Value,
): z.ZodObject<{ warning: z.ZodOptional<Value>; critical: z.ZodOptional<Value> }, z.core.$strict> =>
  section({ warning: optional(value, 'From here on a warning.'), critical: optional(value, 'From here on an alarm.') });

export const metricsSchema = section({
  textfile: optional(absolutePath, "The file for the node exporter's textfile collector."),
  capacity: optional(thresholds(percentageText), 'How full a repository may get.'),
  replicationLag: optional(thresholds(durationText), 'How far replication may be behind.'),
});
