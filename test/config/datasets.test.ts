// Datasets as they are written: names and places that follow from others, presets, and what does not fit together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accepted, assertSays, BASE, errorsOf } from './support/files.ts';

const host = (...services: string[]): string =>
  `${BASE}storage: {datasets: {parentDataset: tank/persist, parentMount: /persist/, properties: {atime: 'off'}}}\nservices:\n${services.map((line) => `  ${line}\n`).join('')}`;
const alone = (...services: string[]): string => `${BASE}services:\n${services.map((line) => `  ${line}\n`).join('')}`;
const BACKUP = 'backup: {paths: [/srv/app]}';

test('a name and a mountpoint follow from where datasets live, and the parent is one itself', async () => {
  const { datasets } = await accepted(host(`app: {dataset: {}, ${BACKUP}}`));
  const nothing = { owner: null, group: null, mode: null };
  assert.deepEqual(datasets, [
    { ...nothing, name: 'tank/persist', service: null, mountpoint: '/persist', properties: { atime: 'off' } },
    { ...nothing, name: 'tank/persist/app', service: 'app', mountpoint: '/persist/app', properties: {} },
  ]);
});

test('what is written wins over the preset, and a mode has four digits', async () => {
  const written = `app: {dataset: {preset: sqlite, recordsize: 32K, quota: 10G, mode: '750', owner: app, properties: {sync: always}}, ${BACKUP}}`;
  const [, dataset] = (await accepted(host(written))).datasets;
  assert.deepEqual(dataset?.properties, { recordsize: '32K', atime: 'off', quota: '10G', sync: 'always' });
  assert.equal(dataset.mode, '0750');
  assert.equal(dataset.owner, 'app');
});

test('a service without a dataset has none, and one may have a name of its own', async () => {
  const { datasets } = await accepted(
    alone(`a: {${BACKUP}}`, 'b: {dataset: {name: fast/b, mountpoint: /srv/b}, backup: {paths: [/srv/b]}}'),
  );
  assert.deepEqual(
    datasets.map(({ name, mountpoint }) => [name, mountpoint]),
    [['fast/b', '/srv/b']],
  );
});

const ERRORS: readonly (readonly [name: string, text: string, says: string])[] = [
  [
    'a dataset without a name needs a parent',
    alone(`app: {dataset: {}, ${BACKUP}}`),
    'services.app.dataset: write its name and mountpoint, or say under storage.datasets where datasets live',
  ],
  [
    'one mountpoint for two is an error',
    host('a: {dataset: {mountpoint: /persist/b}, backup: {paths: [/a]}}', 'b: {dataset: {}, backup: {paths: [/b]}}'),
    '/persist/b is the mountpoint of tank/persist/a (services.a), too: one would hide the other',
  ],
  [
    'one dataset for two is an error',
    host('a: {dataset: {name: tank/x}, backup: {paths: [/a]}}', 'b: {dataset: {name: tank/x}, backup: {paths: [/b]}}'),
    'tank/x is the dataset of services.a, too',
  ],
  [
    'the dataset of a service is not the parent',
    host('a: {dataset: {name: tank/persist, mountpoint: /x}, backup: {paths: [/a]}}'),
    'tank/persist is the dataset of storage.datasets, too',
  ],
  [
    'a mountpoint is no property',
    host(`app: {dataset: {properties: {mountpoint: /x}}, ${BACKUP}}`),
    'a mountpoint is written beside the properties',
  ],
  [
    'what is never inherited has a value',
    host(`app: {dataset: {properties: {quota: inherit}}, ${BACKUP}}`),
    'it belongs to one dataset and is never inherited: write a value',
  ],
  [
    'a property is written once',
    host(`app: {dataset: {recordsize: 1M, properties: {recordsize: 8K}}, ${BACKUP}}`),
    'it is written twice: as recordsize of the dataset, too',
  ],
  ['a snapshot is no dataset', host(`app: {dataset: {name: tank/a@b}, ${BACKUP}}`), 'expected the full name of a dataset'],
  [
    'a size has a unit of ZFS',
    host(`app: {dataset: {quota: 10GiB}, ${BACKUP}}`),
    'expected a size such as 50G or 1.5T, or none',
  ],
  [
    'a preset that does not exist names the nearest',
    host(`app: {dataset: {preset: sqllite}, ${BACKUP}}`),
    "did you mean 'sqlite'?",
  ],
  [
    'a value of a property is text',
    host(`app: {dataset: {properties: {atime: false}}, ${BACKUP}}`),
    "expected text: quote it, as in 'true'",
  ],
];

for (const [name, text, says] of ERRORS) test(name, async () => assertSays(await errorsOf(text), [says]));
