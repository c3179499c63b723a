// Stages and units as the configuration and systemd tell of them.

import type { GateStage } from '../../../../src/config/configuration.ts';
import { STANDARD } from '../../../../src/engine/gate/derive.ts';
import type { FoundUnit } from '../../../../src/tools/systemd/manager.ts';

export const stage = (parts: Partial<GateStage> = {}): GateStage => ({
  ...STANDARD,
  name: 'Applications',
  units: [],
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
