// Which datasets are held with their service: those it is declared to have, and what lies beneath them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Configuration } from '../../../src/config/configuration.ts';
import type { KeptEffect } from '../../../src/journal/journal.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import { heldServices, STARTED_EMPTY } from '../../../src/engine/recover/empty-starts.ts';
import { heldDatasets, heldWithin } from '../../../src/engine/recover/held-datasets.ts';

const kept = (service: string, at: number): KeptEffect => ({
  id: at,
  runId: '01',
  stepId: `recover:${service}`,
  kind: STARTED_EMPTY.kind,
  payload: { service },
  keptAt: at as Instant,
});
/** Newest first, as the journal answers. */
const journal = { keptEffects: () => [kept('wiki', 3), kept('app', 2), kept('app', 1)] };
const config = {
  datasets: [
    { name: 'tank/app', service: 'app' },
    { name: 'tank', service: null },
    { name: 'tank/other', service: 'other' },
  ],
  services: new Map([
    ['wiki', { name: 'wiki', backup: { zfsDataset: 'tank/wiki' } }],
    ['app', { name: 'app', backup: null }],
  ]),
} as unknown as Configuration; // what is looked at of it

test('a service is held since it was first started empty', () => {
  assert.deepEqual(heldServices(journal), [
    { service: 'app', since: 1 },
    { service: 'wiki', since: 3 },
  ]);
});

test('its datasets are held, declared for it or named by its backup, and what lies beneath them', () => {
  const held = heldDatasets(config, journal);
  assert.deepEqual([...held.keys()].toSorted(), ['tank/app', 'tank/wiki']);
  assert.equal(heldWithin('tank/app/uploads', held)?.service, 'app');
  assert.equal(heldWithin('tank/wiki', held)?.service, 'wiki');
  for (const free of ['tank', 'tank/apple', 'tank/other']) assert.equal(heldWithin(free, held), null);
});
