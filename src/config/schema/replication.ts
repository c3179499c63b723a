// ZFS snapshots by calendar, and where they are sent, as they are written.

import { z } from 'zod';
import { datasetName } from './dataset.ts';
import {
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

const named = <Item extends z.ZodType>(item: Item): z.ZodRecord<typeof name, Item> =>
  z.record(name, item, { error: 'expected a map' });

const keys = {
  frequently: optional(count(0), 'How many of every quarter of an hour are kept; 0 where nothing says otherwise.'),
  hourly: optional(count(0), 'How many of every hour.'),
  daily: optional(count(0), 'How many of every day.'),
  weekly: optional(count(0), 'How many of every week; it begins on Monday.'),
  monthly: optional(count(0), 'How many of every month.'),
  yearly: optional(count(0), 'How many of every year.'),
  autosnap: optional(flag, 'Whether snapshots are taken.', true),
  autoprune: optional(flag, 'Whether snapshots that nothing keeps are destroyed.', true),
};

const RECURSIVE = "expected true, false or 'children'";
const datasetPolicy = section({
  template: optional(word, 'The policy that holds; what is written beside it wins.'),
  recursive: optional(
    z.union([flag, z.literal('children')], { error: RECURSIVE }),
    'Whether it holds for all datasets below, too, but for those that are declared themselves; children: only for those.',
    false,
  ),
  ...keys,
});

const DESTINATION = 'expected user@host:pool/dataset or pool/dataset';
const destinationText = z
  .string({ error: DESTINATION })
  .refine(
    (text) => {
      const dataset = text.replace(/^[^/:]*:/, '');
      return datasetName.safeParse(dataset).success && !text.startsWith('-');
    },
    { error: DESTINATION },
  )
  .meta({ examples: ['backup@nas-1:backup/forge', 'shelf/forge'] });

const target = section({
  destination: required(
    destinationText,
    'The dataset that receives, as user@host:pool/dataset or pool/dataset. What is sent gets the same name beneath it, without its pool.',
  ),
  datasets: required(
    list(datasetName).min(1, { error: 'expected at least one dataset' }),
    'The datasets that are sent, each with all beneath it.',
  ),
  exclude: optional(list(datasetName), 'Datasets that are left out, each with all beneath it.'),
  frequency: optional(frequencyText, 'How often.', 'hourly'),
  raw: optional(
    flag,
    'Encrypted datasets are sent as they are, so that the target cannot read them. false: they are sent decrypted, with their keys loaded.',
    true,
  ),
  maxLag: optional(
    durationText,
    'How far the target may be behind; from there on it is told. As metrics.replicationLag when not written.',
  ),
  concurrency: optional(count(1), 'How many datasets are sent at once.', 2),
  limit: optional(rateText, 'How fast all of them together may be sent. As fast as it goes when not written.'),
  template: optional(
    word,
    'The policy by which the copies that the target has of snapshots taken by schedule are pruned. None is when not written.',
  ),
});

export const zfsReplicationSchema = section({
  adopt: optional(
    oneOf('beside', 'sanoid'),
    'What is done about snapshots that sanoid took. beside: they are left alone, and count for nothing. sanoid: they count, and are pruned, as if Holdfast had taken them; sanoid itself must be off then.',
    'beside',
  ),
  templates: optional(named(section(keys)), 'Named policies of how many snapshots are kept.'),
  datasets: optional(
    z.record(datasetName, datasetPolicy, { error: 'expected a map' }),
    'Datasets that get snapshots, each with its policy.',
  ),
  targets: optional(named(target), 'Where snapshots are sent.'),
});

export const replicationSchema = section({ zfs: optional(zfsReplicationSchema, 'ZFS snapshots and their replication.') });
