// Stages and units as the configuration and systemd tell of them.

import type { GateStage } from '../../../../src/config/configuration.ts';
import type { FoundUnit } from '../../../../src/tools/systemd/manager.ts';

export const stage = (parts: Partial<GateStage> = {}): GateStage => ({
  name: 'Applications',
  units: [],
  exclude: [],
  jobs: [],
  concurrency: null,
  timeout: null,
  onFailure: 'count',
  expect: null,
  atLeast: null,
  needs: [],
  whenRunning: 'skip',
  freshWithin: null,
  ...parts,
});

export const found = (name: string, parts: Partial<FoundUnit> = {}): FoundUnit => ({
  name,
  load: 'loaded',
  active: 'inactive',
  sub: 'dead',
  file: 'installed',
  ...parts,
});
