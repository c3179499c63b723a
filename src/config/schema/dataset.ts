// ZFS datasets as they are written: where those of services live, and what one of them is like.

import { z } from 'zod';
import { DATASET_PRESETS, type DatasetPreset } from '../dataset-presets.ts';
import { absolutePath, oneOf, optional, required, section, word } from './scalars.ts';

const NAME_RULE = 'expected the full name of a dataset, such as tank/persist/sonarr';
export const datasetName = z
  .string({ error: NAME_RULE })
  .max(255, { error: 'expected a name of at most 255 characters' })
  // zfs(8), "Dataset naming": snapshots (@), bookmarks (#) and temporary names (%) are something else.
  .regex(/^[A-Za-z][\w.: -]*(?:\/[\w.:-][\w.: -]*)*$/, { error: NAME_RULE });

const SIZE_RULE = 'expected a size such as 50G or 1.5T, or none';
const size = z.string({ error: SIZE_RULE }).regex(/^(?:none|\d+(?:\.\d+)?[KMGTP]?)$/, { error: SIZE_RULE });

const propertyName = z.string().regex(/^[a-z0-9][a-z0-9_:.+-]*$/, {
  error: "expected the name of a ZFS property, such as atime or 'com.sun:auto-snapshot'",
});
const properties = z.record(
  propertyName,
  z
    .string({ error: "expected text: quote it, as in 'true'" })
    .min(1, { error: 'expected a value; inherit takes it from the dataset above' }),
  { error: 'expected a map' },
);

export const storageSchema = section({
  datasets: optional(
    section({
      parentDataset: required(
        datasetName,
        'The ZFS dataset below which services get theirs. It is made when it is not there.',
      ),
      parentMount: required(absolutePath, 'Where it is mounted. One that is there stays where it is.'),
      properties: optional(properties, 'Its ZFS properties, which those below inherit.'),
    }),
    'Where the datasets of services live.',
  ),
});

const presets = Object.keys(DATASET_PRESETS) as [DatasetPreset, ...DatasetPreset[]]; // its keys, of which there are some
const described = presets.map((preset) => `${preset}: ${DATASET_PRESETS[preset].reason}`).join(' ');

export const datasetSchema = section({
  name: optional(datasetName, "The dataset's full name; parentDataset and the service's name when not written."),
  mountpoint: optional(absolutePath, "Where it is mounted; parentMount and the service's name when not written."),
  preset: optional(oneOf(...presets), `Properties that suit what is kept in it; what is written here wins. ${described}`),
  recordsize: optional(
    word.regex(/^\d+[KMG]?$/, { error: 'expected a power of two such as 16K or 1M' }),
    'The ZFS record size. Files keep the one that they were written with.',
  ),
  compression: optional(word, 'The ZFS compression, such as lz4 or zstd.'),
  quota: optional(size, 'What it may take, with the datasets below it and all snapshots.'),
  refquota: optional(size, 'What its files may take, without snapshots.'),
  reservation: optional(size, 'What is kept free for it, with the datasets below it and all snapshots.'),
  refreservation: optional(size, 'What is kept free for its files.'),
  owner: optional(word, 'Whose its mountpoint is: a name or a number. Nothing in it is changed.'),
  group: optional(word, 'The group of its mountpoint.'),
  mode: optional(
    z
      .string({ error: "expected an octal mode in quotes, such as '0750'" })
      .regex(/^[0-7]{3,4}$/, { error: "expected an octal mode in quotes, such as '0750'" }),
    'The mode of its mountpoint.',
  ),
  properties: optional(
    properties,
    'Further ZFS properties, set on the dataset itself; inherit for one that it must take from the dataset above.',
  ),
});
