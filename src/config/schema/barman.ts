// Where barman-cloud keeps the backups and the log of a server, as it is written.

import { z } from 'zod';
import { absolutePath, count, durationText, name, oneOf, optional, required, section, word } from './scalars.ts';

const DESTINATION_RULE = 'expected s3://BUCKET or s3://BUCKET/PATH';
const destination = z
  .string({ error: DESTINATION_RULE })
  .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[\w.+@=-]+)*\/?$/, { error: DESTINATION_RULE })
  .meta({ examples: ['s3://backups/postgresql'] });

const ENDPOINT_RULE = 'expected the URL of an S3 server, such as https://s3.example.org, without a name or password';
const endpoint = z
  .string({ error: ENDPOINT_RULE })
  .regex(/^https?:\/\/[^\s@/]+(?:\/[^\s@]*)?$/, { error: ENDPOINT_RULE })
  .meta({ examples: ['https://s3.example.org'] });

const retention = section({
  full: optional(count(1), 'Backups that are kept, at least; and all of the log since the oldest of them.', 7),
  window: optional(
    durationText,
    'How far back every moment is kept: as many more backups as that needs, where there are any.',
  ),
});

export const barmanSchema = section({
  destination: required(destination, 'The bucket, and the path in it.'),
  serverName: optional(
    name,
    "barman's name for the server, a directory below `destination`; the service's name when not written.",
  ),
  endpointUrl: optional(endpoint, "The S3 server; Amazon's own when not written."),
  credentialsFile: optional(
    absolutePath,
    'A file as `aws` has it ([default], aws_access_key_id, aws_secret_access_key), which the user of the server can read: the ' +
      'server archives with it, too. Where boto3 looks for that user (~/.aws/credentials, the role of the machine) when not ' +
      'written; never in the environment.',
  ),
  profile: optional(word, 'The section of that file; `default` when not written.'),
  compression: optional(oneOf('gzip', 'bzip2', 'none'), 'Of backups, and of the log.', 'gzip'),
  retention: optional(retention, 'What is kept after each good backup.'),
  location: optional(oneOf('onsite', 'offsite'), 'Whether a fire in the house reaches it.', 'offsite'),
  medium: optional(name, 'The kind of device. Copies on one medium count once for 3-2-1.', 's3'),
});
