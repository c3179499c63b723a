// A repository as it is written.

import { z } from 'zod';
import { isRepositoryUrl, REPOSITORY_URL_RULE } from '../repository-url.ts';
import {
  absolutePath,
  argv,
  bytesText,
  count,
  durationText,
  flag,
  frequencyText,
  list,
  name,
  oneOf,
  optional,
  rateText,
  required,
  section,
  word,
} from './scalars.ts';

const url = z
  .string({ error: REPOSITORY_URL_RULE })
  .refine(isRepositoryUrl, { error: REPOSITORY_URL_RULE })
  .meta({
    examples: ['/mnt/nas/restic', 'rest:https://host:8000/name', 's3:https://host/bucket/name', 'sftp:user@host:/path'],
  });

export const limitsSchema = section({
  upload: optional(rateText, 'Most bytes a second that are sent.'),
  download: optional(rateText, 'Most bytes a second that are fetched.'),
});

export const repositorySchema = section({
  url: required(
    url,
    'Where the repository is: an absolute path or a restic URL (sftp:, rest:, s3:, b2:, azure:, gs:, swift:, rclone:).',
  ),
  passwordFile: optional(
    absolutePath,
    'A file with the password, read by restic itself. Only its owner should be able to read it.',
  ),
  passwordCommand: optional(argv, 'A program and its arguments that prints the password.'),
  credential: optional(name, 'The name of a systemd credential (LoadCredential=) that holds the password.'),
  environmentFile: optional(
    absolutePath,
    'A file of KEY=VALUE lines, such as the keys of an object store; given to restic only.',
  ),
  primary: optional(flag, 'The repository that is asked first. At most one; the first that is written when none says so.'),
  location: optional(oneOf('onsite', 'offsite'), 'Whether a fire in the house reaches it.', 'onsite'),
  medium: optional(name, 'The kind of device. Copies on one medium count once for 3-2-1.'),
  mounted: optional(
    absolutePath,
    'A directory that must be a mount point, or nothing is written: an empty directory is not a NAS.',
  ),
  minFree: optional(bytesText, 'Free space below which nothing is written.'),
  concurrency: optional(count(1), 'How many backups may run into it at once.', 1),
  frequency: optional(
    frequencyText,
    'How often services are backed up into it. As often as each service says when not written.',
  ),
  limits: optional(limitsSchema, 'Bandwidth limits.'),
  prune: optional(
    section({
      every: required(
        z.union([durationText, oneOf('never')], { error: 'expected a duration such as 7d, or never' }),
        'How often unused data is removed for real after retention, or never.',
      ),
    }),
    'When unused data is removed for real (restic prune).',
    { every: '7d' },
  ),
});

export const repositoryList = list(word).min(1, { error: 'expected at least one repository' });
