// A target of replication as the configuration has it.

import type { ReplicationTarget } from '../../../src/config/configuration.ts';

export const target = (parts: Partial<ReplicationTarget> = {}): ReplicationTarget => ({
  name: 'nas',
  destination: 'backup@nas:vault/forge',
  datasets: ['tank'],
  exclude: [],
  frequency: 'hourly',
  raw: true,
  maxLag: null,
  concurrency: 1,
  limit: null,
  keep: null,
  ...parts,
});
