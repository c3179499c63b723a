// The sections about the host as a whole: offsite copies, verification, metrics.

import { z } from 'zod';
import { limitsSchema, repositoryList } from './repository.ts';
import {
  absolutePath,
  count,
  durationText,
  flag,
  frequencyText,
  name,
  optional,
  percentageText,
  required,
  section,
  word,
} from './scalars.ts';

const named = <Item extends z.ZodType>(item: Item): z.ZodRecord<typeof name, Item> =>
  z.record(name, item, { error: 'expected a map' });

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
  checkData: optional(flag, 'Whether all data is read and decrypted each time, not only the structure.', false),
  checkDataSubset: optional(
    percentageText.refine((text) => Number.parseFloat(text) > 0, { error: 'expected more than 0%' }),
    'The share of the data that is read and decrypted each time. Another one each time, so that 10% have read everything after ten.',
  ),
  repositories: optional(repositoryList, 'Which repositories; every one when not written.'),
  restoreTesting: optional(
    section({
      enable: optional(flag, 'Whether restores are tested by schedule.', true),
      schedule: optional(frequencyText, 'How often.', 'monthly'),
      sampleFiles: optional(
        count(1),
        'How many files of each service are restored and compared. The whole service when not written.',
      ),
      scratch: optional(
        absolutePath,
        'The directory in which restores are tried out. drills in the state directory when not written.',
      ),
    }),
    'Restores that are tried out.',
  ),
});

export const metricsSchema = section({
  textfile: optional(
    absolutePath,
    "The file that metrics are written to every five minutes, for the node exporter's textfile collector, which reads those that end with .prom.",
  ),
  capacity: optional(
    section({
      warning: optional(percentageText, 'From here on a warning.', '80%'),
      critical: optional(percentageText, 'From here on an alarm.', '90%'),
    }),
    'How full the file system of a repository may get.',
  ),
  replicationLag: optional(
    section({
      warning: optional(durationText, 'From here on a warning.', '12h'),
      critical: optional(durationText, 'From here on an alarm.', '24h'),
    }),
    'How far replication may be behind.',
  ),
});
